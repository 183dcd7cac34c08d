import type { IncomingMessage } from "node:http";

/** The formats that an address of version 2 can name, as in `/api/v2/users.json`. */
const suffixTypes: ReadonlyMap<string, string> = new Map([
  ["xml", "application/xml"],
  ["json", "application/json"],
  ["csv", "text/csv"],
]);

/** Rails, which existing jobs were written for, also takes `/api/v2/users.xml`. The suffix wins over `Accept`. */
export function rewriteUrl({ url = "/", headers }: Pick<IncomingMessage, "url" | "headers">): string {
  const address = /^(\/api\/v2\/[\w/-]+)\.(xml|json|csv)(?=\/?(?:\?|$))/.exec(url);
  if (address === null) return url;
  const [whole, path = "", suffix = ""] = address;
  headers.accept = `${suffixTypes.get(suffix)}, */*;q=0.1`;
  return path + url.slice(whole.length);
}
