import { setTimeout as sleep } from "node:timers/promises";
import { send } from "./client.ts";
import type { Fleet } from "./fleet.ts";
import type { FinalState, Interner, ToldChange } from "./history.ts";
import type { Random } from "./random.ts";

/** The context of reading lists. */
export interface ListContext {
  readonly fleet: Fleet;
  readonly random: Random;
  readonly key: string;
  readonly processes: readonly number[];
}

/**
 * Reads something until it is answered with 200.
 * @throws Error on any other answer of the service
 */
// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
export async function read({ fleet, random, key, processes }: ListContext, path: string): Promise<any> {
  for (;;) {
    const answer = await send(fleet, random.pick(processes), { path, key });
    if (answer?.status === 200) return answer.json;
    if (answer !== undefined && answer.status !== 503) throw new Error(`${path}: ${answer.status} ${answer.body}`);
    await sleep(20);
  }
}

/** Reads a list page by page. */
export async function listAll(
  context: ListContext,
  path: string,
  limit: number,
): Promise<{ items: Record<string, unknown>[]; changesCursor: string | undefined }> {
  const items: Record<string, unknown>[] = [];
  let changesCursor: string | undefined;
  for (let cursor: string | null = null; ; ) {
    const page: { items: Record<string, unknown>[]; nextCursor: string | null; changesCursor?: string } = await read(
      context,
      `${path}?limit=${limit}${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    items.push(...page.items);
    changesCursor ??= page.changesCursor;
    if (page.nextCursor === null) return { items, changesCursor };
    cursor = page.nextCursor;
  }
}

/** Reads everything that the API shows, when nobody writes any more. */
export async function readFinalState(context: ListContext, intern: Interner): Promise<FinalState> {
  const log: ToldChange[] = [];
  for (let cursor = ""; ; ) {
    const page = await read(context, `/v1/changes?limit=10000${cursor}`);
    for (const change of page.changes) log.push(intern(change));
    if (!page.hasMore) break;
    cursor = `&cursor=${encodeURIComponent(page.cursor)}`;
  }
  const list = async (path: string) => (await listAll(context, path, 1000)).items;
  return {
    log,
    users: await list("/v1/users"),
    groups: await list("/v1/groups"),
    locations: await list("/v1/locations"),
    optOuts: await list("/v1/opt-outs"),
    settings: (await read(context, "/v1/organization")).settings,
    imports: (await list("/v1/imports")) as unknown as FinalState["imports"],
  };
}
