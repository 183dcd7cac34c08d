import { createHash } from "node:crypto";

/** What a secret of a link or a session has: 32 random bytes as base64url. */
export const secretPattern = /^[A-Za-z0-9_-]{43}$/;

/** A new secret. */
export const generateSecret = (randomBytes: (size: number) => Uint8Array): string =>
  Buffer.from(randomBytes(32)).toString("base64url");

/** What is stored of a secret: its SHA-256. (It is random, so it needs no salt and no slow hash.) */
export const hashSecret = (secret: string): Buffer => createHash("sha256").update(secret, "utf8").digest();
