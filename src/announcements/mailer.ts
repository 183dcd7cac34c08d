import { createTransport } from "nodemailer";

/** A mail to people who want to know. */
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
    // Each sees the others: they are the ones who talk about it.
    await transport.sendMail({ from, to: [...to], subject, text });
  };
}
