import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import ssh2, { type ParsedKey } from "ssh2";
import { describeKey } from "../organizations/sftp-credentials.ts";

/** The keys by which the server proves to clients that it is the same one. */
export interface HostKeys {
  readonly ed25519: ParsedKey;
  readonly rsa: ParsedKey;
  /** Lines such as `ED25519 SHA256:…`, as clients show them at the first connection. */
  readonly fingerprints: readonly string[];
}

/**
 * Reads the host keys, or makes them at the first start. Clients remember them: they must not get lost.
 * @param directory is created; its files are for this user alone
 */
export async function openHostKeys(directory: string): Promise<HostKeys> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const ed25519 = await openKey(join(directory, "host_ed25519"), () => ssh2.utils.generateKeyPairSync("ed25519"));
  const rsa = await openKey(join(directory, "host_rsa"), () => ssh2.utils.generateKeyPairSync("rsa", { bits: 3072 }));
  return { ed25519, rsa, fingerprints: [`ED25519 ${fingerprintOf(ed25519)}`, `RSA ${fingerprintOf(rsa)}`] };
}

async function openKey(path: string, generate: () => { readonly private: string }): Promise<ParsedKey> {
  let text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) {
    text = readable(generate);
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error)
    throw new Error(`The host key ${path} cannot be read: restore it, or move it away for a new one.`);
  return key;
}

/** Once in some hundred times, ssh2 makes a key that it cannot read. */
function readable(generate: () => { readonly private: string }): string {
  for (let tries = 0; tries < 20; tries += 1) {
    const { private: text } = generate();
    if (!(ssh2.utils.parseKey(text) instanceof Error)) return text;
  }
  throw new Error("No host key for SFTP could be made.");
}

const fingerprintOf = (key: ParsedKey): string =>
  describeKey(`${key.type} ${key.getPublicSSH().toString("base64")}`).fingerprint;
