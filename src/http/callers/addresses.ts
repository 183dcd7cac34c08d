import type { FastifyRequest } from "fastify";
import { MusterError } from "../../errors.ts";
import { canonicalAddress, isOnList } from "../../organizations/addresses.ts";

/**
 * Returns the client's address in canonical form: the address that trusted proxies report, else the connection's.
 * Returns undefined when a trusted proxy reports something that is not an address.
 */
export function addressOf(request: FastifyRequest): string | undefined {
  return canonicalAddress(request.ip ?? "");
}

/**
 * Accepts a request from an address on the list. An empty list accepts every request.
 * @throws MusterError forbidden, with the address that was seen: it is needed to correct the list, or TRUSTED_PROXIES
 */
export function requireAllowedAddress(list: readonly string[], request: FastifyRequest): void {
  const address = addressOf(request);
  if (isOnList(list, address)) return;
  throw new MusterError(
    "forbidden",
    `This API key may not be used from ${address ?? "an unknown address"}: the address is not on the key's list. An administrator can add it.`,
  );
}
