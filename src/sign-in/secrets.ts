import { createHash } from "node:crypto";

/** Secrets of links and sessions are 32 random bytes as base64url. */
export const secretPattern = /^[A-Za-z0-9_-]{43}$/;

/** Makes a new secret. */
export const generateSecret = (randomBytes: (size: number) => Uint8Array): string =>
  Buffer.from(randomBytes(32)).toString("base64url");

/** Hashes a secret by SHA-256 for the database. A random secret needs neither salt nor a slow hash. */
export const hashSecret = (secret: string): Buffer => createHash("sha256").update(secret, "utf8").digest();
