import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Server as TlsServer } from "node:https";
import type { App } from "./app-types.ts";

/** Paths of the certificate and the key, each a PEM file. */
export interface TlsFiles {
  /** The certificate, and those that signed it up to the root. */
  readonly certificate: string;
  /** The private key, without a passphrase. */
  readonly key: string;
}

/** The options of HTTPS, as Node.js takes them. */
export interface TlsOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: "TLSv1.2";
}

/**
 * Reads certificate and key, and makes sure that they belong together.
 * @throws Error, one sentence that names the variable
 */
export async function readTls({ certificate, key }: TlsFiles): Promise<TlsOptions> {
  const [certificateText, keyText] = [await read("TLS_CERT", certificate), await read("TLS_KEY", key)];
  const parsed = parseCertificate(certificateText);
  if (!parsed.checkPrivateKey(parseKey(keyText))) {
    throw new Error(
      "TLS_KEY is the key of another certificate than the one of TLS_CERT; name the files that belong together.",
    );
  }
  return { cert: certificateText, key: keyText, minVersion: "TLSv1.2" };
}

/** New connections get this certificate; those that are open go on. */
export function replaceCertificate(app: App, tls: TlsOptions): void {
  (app.server as unknown as TlsServer).setSecureContext(tls);
}

async function read(variable: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`the file of ${variable} cannot be read (${code}); correct the path, or let this user read it.`);
  }
}

function parseCertificate(text: Buffer): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw new Error("the file of TLS_CERT holds no certificate in PEM (-----BEGIN CERTIFICATE-----).");
  }
}

function parseKey(text: Buffer): KeyObject {
  if (/^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(text.toString("latin1"))) {
    throw new Error("the key of TLS_KEY has a passphrase; write it without one, into a file that only Muster reads.");
  }
  try {
    return createPrivateKey(text);
  } catch {
    throw new Error("the file of TLS_KEY holds no private key in PEM (-----BEGIN PRIVATE KEY-----).");
  }
}
