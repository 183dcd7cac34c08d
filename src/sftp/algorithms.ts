import type { Algorithms, ParsedKey, ServerConfig } from "ssh2";
import type { HostKeys } from "./host-keys.ts";

/** The algorithms that every client is offered. */
const secure = {
  kex: [
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group18-sha512",
  ],
  cipher: ["aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr"],
  hmac: ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
  compress: ["none"],
} as const satisfies Algorithms;

/** The algorithms of old programs, for the networks of accounts that allow them. */
const legacy = {
  kex: ["ecdh-sha2-nistp256", "diffie-hellman-group14-sha256", "diffie-hellman-group14-sha1"],
  cipher: ["aes256-cbc", "aes128-cbc"],
  hmac: ["hmac-sha2-256", "hmac-sha2-512", "hmac-sha1"],
} as const;

/** The configuration of a server that offers the secure algorithms, or the legacy ones after them. */
export function serverConfig({ ed25519, rsa }: HostKeys, isLegacy: boolean): ServerConfig {
  const rsaTypes = ["rsa-sha2-512", "rsa-sha2-256", ...(isLegacy ? ["ssh-rsa"] : [])];
  return {
    // ssh2 would offer ssh-rsa (SHA-1) for an RSA key in any case; keys of these types it offers as they are.
    hostKeys: [ed25519, ...rsaTypes.map((type) => typed(rsa, type))].map((key) => ({ key })),
    algorithms: isLegacy
      ? {
          kex: [...secure.kex, ...legacy.kex],
          cipher: [...secure.cipher, ...legacy.cipher],
          hmac: [...secure.hmac, ...legacy.hmac],
          compress: [...secure.compress],
        }
      : { kex: [...secure.kex], cipher: [...secure.cipher], hmac: [...secure.hmac], compress: [...secure.compress] },
    ident: "Muster",
  };
}

const typed = (key: ParsedKey, type: string): ParsedKey => Object.create(key, { type: { value: type } }) as ParsedKey;

/** The algorithms that a connection has agreed on. */
export interface Negotiated {
  readonly kex: string;
  readonly serverHostKey: string;
  readonly cs: { readonly cipher: string; readonly mac: string };
  readonly sc: { readonly cipher: string; readonly mac: string };
}

/** Tells if a connection uses an algorithm that is not secure any more. */
export function isLegacy({ kex, serverHostKey, cs, sc }: Negotiated): boolean {
  const weak: readonly string[] = [...legacy.kex, ...legacy.cipher, ...legacy.hmac, "ssh-rsa"];
  return [kex, serverHostKey, cs.cipher, cs.mac, sc.cipher, sc.mac].some((name) => weak.includes(name));
}
