import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A certificate that signed itself, and its key. */
export interface TestCertificate {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Makes a certificate for this machine with `openssl`: Node.js can read certificates, but not make them.
 * @param name of the files in the folder, and of whom the certificate is for
 */
export async function makeCertificate(folder: string, name: string): Promise<TestCertificate> {
  const [certificate, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  await run("openssl", [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
    "-subj",
    `/CN=${name}`,
    "-addext",
    "subjectAltName=DNS:localhost,IP:127.0.0.1",
    "-keyout",
    key,
    "-out",
    certificate,
  ]);
  return { certificate, key };
}

/** The same key, but with a passphrase. */
export async function encryptKey(key: string, path: string): Promise<void> {
  await run("openssl", ["pkcs8", "-topk8", "-in", key, "-out", path, "-passout", "pass:secret"]);
}
