import { argon2, createHash, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import ssh2 from "ssh2";
import { invalid } from "./api-key-values.ts";

/** A public key of an account, as the API shows it. */
export interface PublicKey {
  readonly type: string;
  /** As `ssh-keygen -l` prints it: `SHA256:` and Base64. */
  readonly fingerprint: string;
  readonly comment: string;
}

const keyTypes = ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];
/** Bytes of the blob of an RSA key of 2,048 bits: shorter ones can be broken. */
const shortestRsa = 275;

/**
 * The canonical form of a public key: `type base64 comment`.
 * @throws MusterError request_invalid when it is not a public key of OpenSSH, or is too weak
 */
export function canonicalKey(text: string, index: number): string {
  const [type = "", base64 = "", ...comment] = text.trim().split(/\s+/);
  const field = `publicKeys.${index}`;
  if (text.includes("PRIVATE KEY"))
    throw invalid(field, "This is a private key. Never send it; send the file that ends in .pub.");
  const key = keyTypes.includes(type) ? ssh2.utils.parseKey(`${type} ${base64}`) : new Error();
  if (key instanceof Error || Array.isArray(key) || key.type !== type) {
    throw invalid(
      field,
      `It is not a public key of OpenSSH. Send the one line of the file that ends in .pub: ${keyTypes.join(", ")}.`,
    );
  }
  if (type === "ssh-rsa" && key.getPublicSSH().length < shortestRsa) {
    throw invalid(
      field,
      "The RSA key has fewer than 2,048 bits. Make a new key, for example by ssh-keygen -t ed25519.",
    );
  }
  return [type, key.getPublicSSH().toString("base64"), comment.join(" ").slice(0, 200)].join(" ").trim();
}

/** Describes a stored key. */
export function describeKey(stored: string): PublicKey {
  const [type = "", base64 = "", ...comment] = stored.split(" ");
  const digest = createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64").replace(/=+$/, "");
  return { type, fingerprint: `SHA256:${digest}`, comment: comment.join(" ") };
}

/** The parameters of argon2id that OWASP recommends: 19 MiB, two passes. */
const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const;
const derive = promisify(argon2);

/** Hashes a password by argon2id, in PHC's format. */
export async function hashPassword(password: string, salt: Uint8Array): Promise<string> {
  const tag = await derive("argon2id", { message: password, nonce: salt, ...cost });
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64").replace(/=+$/, "");
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${text(salt)}$${text(tag)}`;
}

/**
 * Tells if a password is the hashed one. It takes as long without a hash, so that nobody learns which accounts exist.
 * @param hash null: there is no such account, or it has no password
 */
export async function isPassword(password: string, hash: string | null): Promise<boolean> {
  const [, , , parameters = "", salt = "", tag = ""] = (hash ?? "").split("$");
  const [memory = cost.memory, passes = cost.passes, parallelism = cost.parallelism] = [
    ...parameters.matchAll(/=(\d+)/g),
  ].map(([, number]) => Number(number));
  const expected = hash === null ? Buffer.alloc(cost.tagLength) : Buffer.from(tag, "base64");
  const nonce = hash === null ? Buffer.alloc(16) : Buffer.from(salt, "base64");
  const actual = await derive("argon2id", {
    message: password,
    nonce,
    memory,
    passes,
    parallelism,
    tagLength: expected.length,
  });
  return timingSafeEqual(actual, expected) && hash !== null;
}
