import { setTimeout as sleep } from "node:timers/promises";
import { send } from "./client.ts";
import type { Fleet } from "./fleet.ts";
import type { Chain, ChainScope, History, Interner, Poll, ToldChange } from "./history.ts";
import { listAll } from "./lists.ts";
import type { Random } from "./random.ts";

/** How a reader follows the feed. */
export interface ReaderPlan {
  readonly name: string;
  /** By cursor, by sending `until` back as `since`, or in windows that end at a time of the reader's own clock. */
  readonly by: "cursor" | "times" | "windows";
  readonly scope: ChainScope;
  readonly limit: number;
  /** Seconds to wait for changes. */
  readonly wait: number;
  readonly format: "json" | "ndjson";
  /** Begins with a listing of people, in the middle of the session. */
  readonly startsWithListing: boolean;
  /** The address of a proxy that gets the requests instead of the process itself. */
  readonly through?: string;
}

/** The context of a reader. */
export interface ReaderContext {
  readonly fleet: Fleet;
  readonly history: History;
  readonly random: Random;
  readonly key: string;
  /** The processes that it reads from. */
  readonly processes: readonly number[];
  readonly intern: Interner;
  /** Aborted once everything is written: what a request that begins then does not tell will not come. */
  readonly written: AbortSignal;
}

/** Answers, after everything is written, that may leave a reader where it was although they tell something. */
const mostStandstills = 5;

interface Place {
  cursor: string | undefined;
  since: string | undefined;
}

/** Follows the feed through restarts, until everything is written and was told. */
export async function follow(context: ReaderContext, plan: ReaderPlan): Promise<Chain> {
  const { history, random, processes } = context;
  const chain: Chain = { name: plan.name, scope: plan.scope, polls: [] };
  const place: Place = { cursor: undefined, since: plan.by === "cursor" ? undefined : "1970-01-01T00:00:00.000000Z" };
  if (plan.startsWithListing) {
    await sleep(random.between(300, 900));
    const listing = await listAll(context, "/v1/users", 50);
    chain.listing = { users: listing.items };
    place.cursor = listing.changesCursor;
  }
  let standstills = 0;
  while (standstills < mostStandstills) {
    const isLast = context.written.aborted;
    const before = { ...place };
    const poll = await ask(context, plan, place, isLast, random.pick(processes));
    if (poll === "broken") return chain;
    if (poll === undefined) {
      await sleep(20);
      continue;
    }
    chain.polls.push(poll);
    place.cursor = poll.cursor;
    place.since = poll.until;
    if (isLast && !poll.hasMore && poll.told.length === 0) return chain;
    if (isLast && before.cursor === place.cursor && before.since === place.since) standstills += 1;
    if (!poll.hasMore && plan.wait === 0) await sleep(random.between(1, 60));
    else if (random.chance(0.1)) await sleep(random.between(1, 100));
  }
  history.violations.push({
    kind: "behind",
    where: plan.name,
    message: "does not reach the end of the log: answers tell something and leave the reader where it was",
    around: chain.polls.at(-1)?.told.slice(-3) ?? [],
  });
  return chain;
}

function queryOf(
  { by, scope, limit, wait }: ReaderPlan,
  { cursor, since }: Place,
  isLast: boolean,
  random: Random,
): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (by === "cursor") {
    if (cursor !== undefined) query.set("cursor", cursor);
  } else if (since !== undefined) query.set("since", since);
  // The clock of the reader: before, at or after what the service knows already.
  if (by === "windows" && !isLast) query.set("until", new Date(Date.now() - random.between(-50, 400)).toISOString());
  if (scope.of === "types") query.set("type", scope.types.join(","));
  if (scope.of === "group") query.set("groupId", scope.groupId);
  if (wait > 0 && !isLast) query.set("wait", String(wait));
  return query.toString();
}

/** @returns undefined when no answer came, "broken" when the service says that the chain cannot go on */
async function ask(
  { fleet, history, random, key, intern, written }: ReaderContext,
  plan: ReaderPlan,
  place: Place,
  isLast: boolean,
  process: number,
): Promise<Poll | "broken" | undefined> {
  const query = queryOf(plan, place, isLast, random);
  const headers = { accept: plan.format === "json" ? "application/json" : "application/x-ndjson" };
  const { through } = plan;
  // Nobody waits any more when everything is written.
  const unlessOver = plan.wait > 0 && !isLast ? { unless: written } : {};
  const request = { path: `/v1/changes?${query}`, headers, key };
  const answer = await send(fleet, process, request, { ...unlessOver, ...(through === undefined ? {} : { through }) });
  if (answer === undefined || answer.status === 503 || answer.status === 502) return undefined;
  if (answer.status !== 200) {
    history.violations.push({
      kind: "answer",
      where: plan.name,
      message: `?${query} was answered with ${answer.status}: ${answer.body.slice(0, 300)}`,
      around: [],
    });
    return "broken";
  }
  const page = plan.format === "json" ? answer.json : readLines(answer.body);
  if (page === undefined) return undefined;
  const { changes, cursor, until, hasMore, complete } = page;
  return {
    began: answer.began,
    ended: answer.ended,
    process,
    query,
    cursor,
    until,
    hasMore,
    ...(complete === undefined ? {} : { complete }),
    ...(plan.by === "cursor" || place.since === undefined ? {} : { since: place.since }),
    told: (changes as ToldChange[]).map(intern),
  };
}

/** Lines, of which the last one tells where to go on; undefined without it, when the answer broke off. */
function readLines(body: string): (Record<string, unknown> & Poll & { changes: ToldChange[] }) | undefined {
  const texts = body.split("\n");
  // The last line ends, too.
  if (texts.pop() !== "") return undefined;
  const lines = texts.map((line) => JSON.parse(line));
  const end = lines.pop();
  return end?.cursor === undefined ? undefined : { ...end, changes: lines };
}
