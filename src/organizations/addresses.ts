import { isIP, isIPv4 } from "node:net";
import ipaddr from "ipaddr.js";

/** Bits before the IPv4 address in an IPv6 address that contains one (`::ffff:192.0.2.1`). */
const mappedBits = 96;

/**
 * Writes an address or network in its canonical form: `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32` (RFC 5952). Bits
 * after the prefix of a network are cleared, IPv4 that is written as IPv6 becomes IPv4, and a network of one address is
 * that address.
 * @returns undefined for anything else
 */
export function canonicalRange(text: string): string | undefined {
  // There is one way to write most addresses.
  if (isIPv4(text)) return text;
  const [address = "", length, ...rest] = text.trim().split("/");
  if (rest.length > 0 || isIP(address) === 0 || address.includes("%")) return undefined;
  const bits = isIPv4(address) ? 32 : 128;
  if (length !== undefined && !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits) return undefined;
  if (bits === 32) return written(ipaddr.IPv4.networkAddressFromCIDR(`${address}/${prefix}`), prefix, 32);
  const network = ipaddr.IPv6.networkAddressFromCIDR(`${inHexadecimal(address)}/${prefix}`);
  if (prefix >= mappedBits && network.isIPv4MappedAddress()) {
    return written(network.toIPv4Address(), prefix - mappedBits, 32);
  }
  return written(network, prefix, 128);
}

/**
 * Writes the address of a client in its canonical form, without the port and the zone that some proxies and systems add.
 * @returns undefined for anything that is not an address
 */
export function canonicalAddress(text: string): string | undefined {
  const [, ipv4, bracketed] = /^(?:(\d+(?:\.\d+){3})(?::\d+)?|\[([^\]]+)\](?::\d+)?)$/.exec(text) ?? [];
  const address = ipv4 ?? bracketed ?? text;
  return address.includes("/") ? undefined : canonicalRange(address.replace(/%.*$/, ""));
}

/** Tells if an address is in a list of canonical addresses and networks. An empty list contains every address. */
export function isOnList(list: readonly string[], address: string | undefined): boolean {
  if (list.length === 0) return true;
  if (address === undefined) return false;
  const client = ipaddr.parse(address);
  return list.some((range) => {
    const [network, prefix] = rangeOf(range);
    return network.kind() === client.kind() && client.match(network, prefix);
  });
}

/** Tells one client from another: by its IPv4 address, or by its IPv6 network of 64 bits, the share of a household. */
export function clientOf(address: string | undefined): string {
  if (address === undefined) return "unknown";
  return isIPv4(address) ? address : (canonicalRange(`${address}/64`) ?? address);
}

/** Writes IPv4 at the end of an IPv6 address as two groups: ipaddr.js reads `::192.0.2.1` as if it were `::ffff:192.0.2.1`. */
function inHexadecimal(address: string): string {
  return address.replace(/\d+\.\d+\.\d+\.\d+$/, (ipv4) => {
    const { octets } = ipaddr.IPv4.parse(ipv4);
    const group = (index: 0 | 2) => (octets[index]! * 256 + octets[index + 1]!).toString(16);
    return `${group(0)}:${group(2)}`;
  });
}

function rangeOf(range: string): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  if (range.includes("/")) return ipaddr.parseCIDR(range);
  const address = ipaddr.parse(range);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

function written(network: ipaddr.IPv4 | ipaddr.IPv6, prefix: number, bits: 32 | 128): string {
  const address = "toRFC5952String" in network ? network.toRFC5952String() : network.toString();
  return prefix === bits ? address : `${address}/${prefix}`;
}
