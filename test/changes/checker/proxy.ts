import { once } from "node:events";
import { createServer } from "node:http";
import type { FeedAnswer } from "../reader.ts";

/** A fault of a proxy between a reader and the service. */
export type Interference = "cursor-skips" | "stale-end" | "until-now" | "milliseconds";

/** How long a stale end is remembered, in milliseconds. */
const remembered = 2_000;

/**
 * Starts a proxy for requests of the feed, answered in JSON.
 * @param target the address of the service, as it is by now
 */
export async function startInterferingProxy(
  interference: Interference,
  target: () => Promise<string>,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  let end: { page: FeedAnswer; at: number } | undefined;
  const answer = async (path: string, headers: Record<string, string>): Promise<FeedAnswer | undefined> => {
    const url = new URL(path, await target());
    const limit = Number(url.searchParams.get("limit"));
    if (interference === "cursor-skips") url.searchParams.set("limit", String(limit + 1));
    const since = url.searchParams.get("since");
    if (interference === "milliseconds" && since !== null) {
      url.searchParams.set("since", since.replace(/\d{3}Z$/, "Z"));
    }
    const isAtEnd = end !== undefined && url.searchParams.get("cursor") === end.page.cursor;
    if (interference === "stale-end" && isAtEnd && performance.now() - end!.at < remembered) return end!.page;
    const response = await fetch(url, { headers });
    if (response.status !== 200) return undefined;
    const page = (await response.json()) as FeedAnswer;
    if (!page.hasMore) end = { page: { ...page, changes: [] }, at: performance.now() };
    if (interference === "cursor-skips") return { ...page, changes: page.changes.slice(0, limit) };
    if (interference === "until-now" && !page.hasMore) {
      return { ...page, until: new Date().toISOString().replace("Z", "000Z") };
    }
    return page;
  };
  const server = createServer((request, response) => {
    const { authorization = "", accept = "" } = request.headers;
    void answer(request.url ?? "/", { authorization, accept })
      .catch(() => undefined)
      .then((page) => {
        response.writeHead(page === undefined ? 502 : 200, { "content-type": "application/json" });
        response.end(JSON.stringify(page ?? {}));
      });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
