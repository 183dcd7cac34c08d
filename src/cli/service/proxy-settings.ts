import { BlockList, isIP } from "node:net";
import type { Environment } from "../context.ts";
import { usageError } from "../exit-status.ts";
import { quoted } from "../text.ts";

/** A proxy between the command and the service. */
export interface ProxySettings {
  /** May contain a user name and password: never printed whole. */
  readonly url: URL;
  /** For messages, e.g. `the proxy proxy.example.edu:3128 (HTTPS_PROXY)`. */
  readonly name: string;
  /** The variable that names it, as it is written in the environment. */
  readonly variable: string;
}

/**
 * The proxy that the environment names for an address: HTTPS_PROXY or HTTP_PROXY, unless NO_PROXY excludes the host. As
 * in curl, lower-case variables come first.
 * @returns undefined when the service is connected to directly
 * @throws CommandError (usage) when the variable does not name an HTTP proxy
 */
export function readProxySettings(target: URL, environment: Environment): ProxySettings | undefined {
  const named = findVariable(target.protocol === "https:" ? "https_proxy" : "http_proxy", environment);
  if (named === undefined || isExcluded(target, findVariable("no_proxy", environment)?.value ?? "")) return undefined;
  const { variable } = named;
  const address = named.value.includes("://") ? named.value : `http://${named.value}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== "") {
    return { url, variable, name: `the proxy ${placeOf(url)} (${variable})` };
  }
  // A password may precede the @.
  const shown = quoted(named.value.replace(/^.*@/s, "…@"));
  throw usageError(`${variable} is ${shown}, which is not an HTTP proxy. Set it to http://HOST:PORT, or unset it.`);
}

/** Host and port, e.g. `muster.example.edu:443`. */
export const placeOf = ({ hostname, port, protocol }: URL): string =>
  `${hostname}:${port === "" ? defaultPort(protocol) : port}`;

const defaultPort = (protocol: string) => (protocol === "https:" ? "443" : "80");

function findVariable(lowerCase: string, environment: Environment) {
  for (const variable of [lowerCase, lowerCase.toUpperCase()]) {
    const value = environment[variable]?.trim();
    if (value !== undefined && value !== "") return { variable, value };
  }
  return undefined;
}

/**
 * @param list NO_PROXY: hosts with commas or blanks between them. A host includes its subdomains; `*` is every host;
 *   addresses may be networks (10.0.0.0/8), and everything may end in a port
 */
function isExcluded(target: URL, list: string): boolean {
  const host = target.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const port = target.port === "" ? defaultPort(target.protocol) : target.port;
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      const [, name = "", entryPort] = /^(.*?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry)!;
      if (name === "" || (entryPort !== undefined && entryPort !== port)) return false;
      return name === "*" || (isIP(host) === 0 ? isDomainOf(name, host) : isNetworkOf(name, host));
    });
}

function isDomainOf(entry: string, host: string): boolean {
  const domain = entry.replace(/^\*?\./, "");
  return host === domain || host.endsWith(`.${domain}`);
}

function isNetworkOf(entry: string, address: string): boolean {
  const [network = "", prefix] = entry.replace(/^\[|\]$/g, "").split("/");
  const family = isIP(network);
  if (family === 0 || family !== isIP(address)) return false;
  const type = family === 6 ? "ipv6" : "ipv4";
  const longest = family === 6 ? 128 : 32;
  const bits = prefix === undefined ? longest : Number(prefix);
  if (!Number.isInteger(bits) || bits < 0 || bits > longest) return false;
  const networks = new BlockList();
  networks.addSubnet(network, bits, type);
  return networks.check(address, type);
}
