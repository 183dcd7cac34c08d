import { createTransport } from "nodemailer";

/** A mail. */
export interface Mail {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
}

/** Sends mails, or throws. */
export type SendMail = (mail: Mail) => Promise<void>;

/** Longest wait for a mail server, in milliseconds. */
const patience = 20_000;

/**
 * Makes a sender of mails.
 * @param url `smtp://user:password@host:587` or `smtps://…`
 * @param from the sender's address
 */
export function createMailer(url: string, from: string): SendMail {
  const transport = createTransport({
    url,
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return async ({ to, subject, text }) => {
    // All recipients see each other, since they decide together.
    await transport.sendMail({ from, to: [...to], subject, text });
  };
}
