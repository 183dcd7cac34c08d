import { MusterError } from "../errors.ts";
import { canonicalRange } from "./addresses.ts";

/**
 * Makes sure that a key would not have expired already; null means never.
 * @throws MusterError request_invalid
 */
export function requireFuture(expiresAt: Date | null, now: Date): void {
  if (expiresAt === null || expiresAt > now) return;
  throw invalid("expiresAt", "The key would have expired already. Give a time that is to come.");
}

/**
 * The canonical forms of addresses and networks, each once.
 * @throws MusterError request_invalid when an entry is neither
 */
export function canonicalList(addresses: readonly string[]): string[] {
  const list = new Set<string>();
  for (const [index, address] of addresses.entries()) {
    const range = canonicalRange(address);
    if (range === undefined) {
      throw invalid(
        `allowedAddresses.${index}`,
        "An entry is no IP address and no network. Write 192.0.2.17, 192.0.2.0/24, 2001:db8::17 or 2001:db8::/32.",
      );
    }
    list.add(range);
  }
  return [...list];
}

/** The problem of a value of a key. */
export function invalid(field: string, detail: string): MusterError {
  return new MusterError("request_invalid", detail, { field, errors: [{ field, message: detail }] });
}
