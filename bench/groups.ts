import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createCampus } from "./campus.ts";
import { writeDay } from "./generate.ts";
import { median } from "./measure.ts";
import type { BenchServer } from "./server.ts";
import { adminKey, sendRoster, startService } from "./service.ts";

/** Members of the group that is measured. */
export const groupMembers = 100_000;
/** People who are put into it one by one. */
const singles = 200;
/** Members of a page. */
const pageSize = 1_000;

/** The times of a large group, as a client sees them: from the request sent to the answer received. */
export interface GroupTimes {
  /** Seconds of putting everybody into the group with one request. */
  readonly fill: number;
  /** Milliseconds of putting one more person into it: half of them take no longer. */
  readonly addOne: number;
  /** Milliseconds of a page of 1,000 members, in the first tenth of the list and in the last one. */
  readonly firstPages: number;
  readonly lastPages: number;
  /** Seconds of emptying it. */
  readonly purge: number;
}

/** The goals for these times. */
export const groupGoals = {
  /** Milliseconds. */
  addOne: 10,
  /** Seconds. */
  purge: 3,
  /** How many members a second the last tenth of a list has at least, compared with its first. */
  constancy: 0.8,
} as const;

/** How many members a second the last tenth of the list has, compared with its first. */
export const constancyOf = ({ firstPages, lastPages }: GroupTimes): number => firstPages / lastPages;

/** The goals that are not met. */
export function missedGoals(times: GroupTimes): string[] {
  const { addOne, purge } = times;
  return [
    ...(addOne > groupGoals.addOne ? ["adding one member"] : []),
    ...(purge > groupGoals.purge ? ["emptying the group"] : []),
    ...(constancyOf(times) < groupGoals.constancy ? ["listing members at a constant rate"] : []),
  ];
}

const database = "bench_groups";
const groupId = "EVERYBODY";

/**
 * Measures a group of 100,000 people: they come in by an import, and are put into the group, listed and taken out over
 * HTTP.
 * @returns medians of the repetitions
 * @throws Error when an answer is not what it has to be
 */
export async function measureGroups(
  server: BenchServer,
  { repetitions, seed }: { readonly repetitions: number; readonly seed: number },
): Promise<GroupTimes> {
  const directory = join(server.directory, "groups");
  await mkdir(directory, { recursive: true });
  const { xml } = await writeDay(createCampus({ people: groupMembers + singles, seed }), 1, directory);
  await server.createDatabase(database);
  const service = await startService(server, database, undefined);
  try {
    const { counts } = await sendRoster(service.url, xml, "normal");
    expect(counts?.added, groupMembers + singles, "people of the import");
    const send = sender(service.url);
    await send("POST", "/v1/groups", { groupId });
    const measured: GroupTimes[] = [];
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      measured.push(await measureOnce(send, () => server.settle(database)));
    }
    const of = (name: keyof GroupTimes) => median(measured.map((times) => times[name]));
    return {
      fill: of("fill"),
      addOne: of("addOne"),
      firstPages: of("firstPages"),
      lastPages: of("lastPages"),
      purge: of("purge"),
    };
  } finally {
    await service.stop();
    await server.dropDatabase(database);
  }
}

async function measureOnce(send: Send, settle: () => Promise<void>): Promise<GroupTimes> {
  const members = `/v1/groups/${groupId}/members`;
  const add = Array.from({ length: groupMembers }, (_, index) => ({ userId: String(index + 1) }));
  await settle();
  const filled = await send("POST", members, { add });
  expect(filled.json.added, groupMembers, "members that were added at once");
  await settle();
  const times: number[] = [];
  for (let index = 1; index <= singles; index += 1) {
    const { status, milliseconds } = await send("PUT", `${members}/${groupMembers + index}`, { role: 0 });
    expect(status, 201, "status of a new member");
    times.push(milliseconds);
  }
  const { firstPages, lastPages } = await listOften(send, members);
  await settle();
  const purged = await send("POST", `/v1/groups/${groupId}/purge`, { expectedMembers: groupMembers + singles });
  expect(purged.json.membershipsRemoved, groupMembers + singles, "memberships that ended");
  const seconds = (milliseconds: number) => milliseconds / 1000;
  return {
    fill: seconds(filled.milliseconds),
    addOne: median(times),
    firstPages,
    lastPages,
    purge: seconds(purged.milliseconds),
  };
}

/** How often the list is read: a page takes a few milliseconds, and is compared with others of the same reading. */
const readings = 5;

async function listOften(send: Send, members: string): Promise<Pick<GroupTimes, "firstPages" | "lastPages">> {
  const first: number[] = [];
  const last: number[] = [];
  for (let reading = 0; reading < readings; reading += 1) {
    const times = await listOnce(send, members);
    // The very last page is not full.
    const full = times.slice(0, Math.floor((groupMembers + singles) / pageSize));
    const tenth = Math.floor(full.length / 10);
    first.push(...full.slice(0, tenth));
    last.push(...full.slice(-tenth));
  }
  return { firstPages: median(first), lastPages: median(last) };
}

async function listOnce(send: Send, members: string): Promise<number[]> {
  const times: number[] = [];
  let listed = 0;
  let cursor: string | null = null;
  do {
    const next: string = cursor === null ? "" : `&cursor=${cursor}`;
    const { json, milliseconds } = await send("GET", `${members}?limit=${pageSize}${next}`);
    listed += json.items.length;
    cursor = json.nextCursor;
    times.push(milliseconds);
  } while (cursor !== null);
  expect(listed, groupMembers + singles, "members of the list");
  return times;
}

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers have many shapes
  readonly json: any;
  readonly milliseconds: number;
}
type Send = (method: string, path: string, body?: object) => Promise<Answer>;

/** Sends requests over one connection that stays open, and takes the time. */
function sender(url: string): Send {
  return async (method, path, body) => {
    const payload = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { authorization: `Bearer ${adminKey}`, ...(body ? { "content-type": "application/json" } : {}) };
    const start = performance.now();
    const answer = await fetch(url + path, { method, headers, ...payload });
    const text = await answer.text();
    const milliseconds = performance.now() - start;
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 1000)}`);
    return { status: answer.status, json: JSON.parse(text), milliseconds };
  };
}

/** A measurement counts only when the service did what it had to. */
function expect(found: unknown, expected: number, what: string): void {
  if (found !== expected) throw new Error(`${what}: ${String(found)} instead of ${expected}`);
}
