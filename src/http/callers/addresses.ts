import type { FastifyRequest } from "fastify";
import { MusterError } from "../../errors.ts";
import { canonicalAddress, isOnList } from "../../organizations/addresses.ts";

/**
 * Where a request comes from, in canonical form: the address of the connection, or what trusted proxies say before it.
 * Undefined when a trusted proxy names something that is no address.
 */
export function addressOf(request: FastifyRequest): string | undefined {
  return canonicalAddress(request.ip ?? "");
}

/**
 * Lets through whoever comes from an address on the list, or anybody if it is empty.
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
