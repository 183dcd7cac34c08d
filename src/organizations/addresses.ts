import { BlockList, isIP, isIPv4 } from "node:net";

/** Bits before the IPv4 address in an IPv6 address that holds one (`::ffff:192.0.2.1`). */
const mappedBits = 96;
const mappedPrefix = 0xffff_0000_0000n;

/**
 * An address or network in its canonical form: `192.0.2.1`, `192.0.2.0/24`, `2001:db8::/32`. Bits behind the length of a
 * network are cleared, IPv4 that is written as IPv6 becomes IPv4, and a network of one address is that address.
 * @returns undefined when it is none
 */
export function canonicalRange(text: string): string | undefined {
  // As most are: there is one way to write it.
  if (isIPv4(text)) return text;
  const [address = "", length, ...rest] = text.trim().split("/");
  if (rest.length > 0 || isIP(address) === 0 || address.includes("%")) return undefined;
  const bits = isIPv4(address) ? 32 : 128;
  if (length !== undefined && !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined;
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits) return undefined;
  const value = bits === 32 ? ipv4Value(address) : ipv6Value(address);
  const host = BigInt(bits - prefix);
  const network = (value >> host) << host;
  const isMapped = bits === 128 && prefix >= mappedBits && network >> 32n === mappedPrefix >> 32n;
  return isMapped ? written(network & 0xffff_ffffn, 32, prefix - mappedBits) : written(network, bits, prefix);
}

/**
 * An address of a client in its canonical form, without the port and the zone that some proxies and systems add.
 * @returns undefined when it is none
 */
export function canonicalAddress(text: string): string | undefined {
  const [, ipv4, bracketed] = /^(?:(\d+(?:\.\d+){3})(?::\d+)?|\[([^\]]+)\](?::\d+)?)$/.exec(text) ?? [];
  const address = ipv4 ?? bracketed ?? text;
  return address.includes("/") ? undefined : canonicalRange(address.replace(/%.*$/, ""));
}

/** Whether an address stands on a list of canonical addresses and networks; an empty list holds every address. */
export function isOnList(list: readonly string[], address: string | undefined): boolean {
  if (list.length === 0) return true;
  if (address === undefined) return false;
  const ranges = new BlockList();
  for (const range of list) {
    const [network = "", length] = range.split("/");
    const family = isIPv4(network) ? "ipv4" : "ipv6";
    if (length === undefined) ranges.addAddress(network, family);
    else ranges.addSubnet(network, Number(length), family);
  }
  return ranges.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

/** What counts as one client: an IPv4 address, or an IPv6 network of 64 bits, which is what a household gets. */
export function clientOf(address: string | undefined): string {
  if (address === undefined) return "unknown";
  return isIPv4(address) ? address : (canonicalRange(`${address}/64`) ?? address);
}

function written(value: bigint, bits: 32 | 128, prefix: number): string {
  const address = bits === 32 ? ipv4Text(value) : ipv6Text(value);
  return prefix === bits ? address : `${address}/${prefix}`;
}

const ipv4Value = (address: string) => address.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);

const ipv4Text = (value: bigint) => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");

/** The eight groups of 16 bits; :: stands for as many zeros as are missing, and the last two may be written as IPv4. */
function ipv6Value(address: string): bigint {
  const hexadecimal = address.replace(/\d+\.\d+\.\d+\.\d+$/, (ipv4) => lastGroups(ipv4Value(ipv4)));
  const [head = "", tail] = hexadecimal.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const [first, last] = [groups(head), groups(tail ?? "")];
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - first.length - last.length }, () => "0");
  return [...first, ...zeros, ...last].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

const lastGroups = (value: bigint) => `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;

/** RFC 5952: lower case, no leading zeros, and the longest run of zero groups as :: (the platform's URLs know how). */
function ipv6Text(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
