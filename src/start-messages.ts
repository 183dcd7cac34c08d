import { DatabaseError } from "pg";
import { UnfitDatabaseError } from "./store/unavailable.ts";

/** The facts of the start message. */
export interface StartReport {
  /** The address at which the service listens. */
  readonly host: string;
  readonly port: number;
  /** The address of the SFTP server, and the fingerprints of its keys; undefined: no server was started. */
  readonly sftp?:
    | { readonly host: string; readonly port: number; readonly fingerprints: readonly string[] }
    | undefined;
  /** True if the service itself speaks HTTPS. */
  readonly isTls: boolean;
  /** The public address; undefined: the address at which it listens. */
  readonly publicUrl: string | undefined;
  readonly isFirstStart: boolean;
  readonly organizationName: string;
  /** The admin key that was generated now; undefined: it was given, or there was one. */
  readonly generatedKey: string | undefined;
  /** The link that sets up the first administrator; undefined: this is not the first start. */
  readonly administratorLink?: string | undefined;
  /** Path of a roster to try. */
  readonly samplePath: string;
}

/** The message of a start that went well: on the first one with the admin key and something to try, later the address. */
export function startMessage(report: StartReport): string {
  const local = localUrl(report);
  const url = report.publicUrl ?? local;
  const lines = [`Muster is ready: ${url}  (documentation: ${url}/docs)`];
  if (report.sftp !== undefined) {
    const { host, port, fingerprints } = report.sftp;
    lines.push(`SFTP is ready: port ${port} of ${host}. Host keys: ${fingerprints.join(", ")}`);
  }
  if (report.isFirstStart) {
    lines.push("", `This is the first start, and the organization "${report.organizationName}" was created.`);
    if (report.generatedKey === undefined) lines.push("Its admin key is the one in MUSTER_ADMIN_KEY.");
    else lines.push("Its admin key is shown now and never again:", "", `  ${report.generatedKey}`);
    if (report.administratorLink !== undefined) {
      lines.push("", "Open the console as its first administrator, within a day. The link works once:", "");
      lines.push(`  ${url}/sign-in/${report.administratorLink}`);
    }
    lines.push("", "Import a sample roster, and read what became of it:", "", `  ${curlLine(report, local)}`, "");
  }
  return `${lines.join("\n")}\n`;
}

/** A service that listens everywhere is reached at this machine's own address. */
function localUrl({ host, port, isTls }: StartReport): string {
  const own = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return `http${isTls ? "s" : ""}://${own.includes(":") ? `[${own}]` : own}:${port}`;
}

function curlLine({ generatedKey, samplePath, isTls }: StartReport, url: string): string {
  const key =
    generatedKey === undefined
      ? '"Authorization: Bearer $MUSTER_ADMIN_KEY"'
      : quoted(`Authorization: Bearer ${generatedKey}`);
  return [
    // Certificates do not contain this machine's own address.
    `curl -sS${isTls ? " --insecure" : ""} ${quoted(`${url}/v1/imports/users`)}`,
    `-H ${key}`,
    "-H 'Content-Type: application/xml' -H 'Accept: text/plain'",
    `--data-binary @${quoted(samplePath)}`,
  ].join(" ");
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Why the service could not start, in one line for the operator.
 * @param error what was thrown
 * @param settings what was to be listened on, and where the data were to lie
 */
export function failureMessage(error: unknown, settings: StartSettings): string {
  return `Muster could not start: ${reason(error, settings)}\n`;
}

type StartSettings = {
  readonly host: string;
  readonly port: number;
  readonly dataDirectory: string;
  readonly sftp?: { readonly host: string; readonly port: number } | undefined;
};

const unreachable = /^(ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;

function reason(error: unknown, { host, port, dataDirectory, sftp }: StartSettings): string {
  const {
    code,
    syscall,
    message,
    hostname,
    port: taken,
  } = error as NodeJS.ErrnoException & { hostname?: string; port?: number };
  if (syscall === "listen" && code === "EADDRINUSE" && sftp !== undefined && taken !== port && taken === sftp.port) {
    return `port ${taken} of ${sftp.host}, for SFTP, is taken by another program; stop that one, or set SFTP_PORT. Empty, it turns SFTP off.`;
  }
  if (syscall === "listen" && code === "EADDRINUSE") {
    return `port ${port} of ${host} is taken by another program; stop that one, or set PORT.`;
  }
  if (syscall === "listen" && code === "EACCES") {
    return `this user may not listen on port ${port}; set PORT to one above 1023.`;
  }
  if (syscall === "mkdir" && (code === "EEXIST" || code === "ENOTDIR")) {
    return `DATA_DIR is ${dataDirectory}, which is not a folder, or is inside something that is not a folder. Name another one.`;
  }
  if (code === "EADDRNOTAVAIL" || (code === "ENOTFOUND" && hostname === host)) {
    return `HOST is ${host}, which is no address of this machine; correct it and start again.`;
  }
  if (error instanceof UnfitDatabaseError) return `${message}.`;
  if (unreachable.test(code ?? "")) {
    return `the database at DATABASE_URL does not answer (${code}); start it, or correct DATABASE_URL.`;
  }
  if (error instanceof DatabaseError && /^(28|3D)/.test(error.code ?? "")) {
    return `the database at DATABASE_URL refuses the connection (${firstLine(message)}); correct DATABASE_URL.`;
  }
  return firstLine(message);
}

function firstLine(message: string): string {
  const [line = ""] = message.split("\n", 1);
  return line === "" ? "an unknown error; set LOG_LEVEL=debug to see more." : line;
}
