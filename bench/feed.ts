import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import type { FeedResults, Latency } from "./feed-report.ts";
import type { DayFiles } from "./generate.ts";
import { median, progress } from "./measure.ts";
import type { BenchServer } from "./server.ts";
import { adminKey, sendRoster, startService } from "./service.ts";

const database = "bench_feed";

const entries = 1_000_000;
const pageSize = 1000;
const requests = 640;
const polls = 20_000;
const pollsBefore = 5_000;
const waits = 200;

/** Updates as a nightly file makes them: a field, an e-mail, or memberships. */
const fillLog = `
  insert into changes (organization_id, sequence, at, type, action, id, database_id, username, source, import_id, actor, changed, memberships)
  select 1, n, now() - interval '1 hour' + n * interval '1 microsecond', 'user', 'updated', (n % 100000 + 1)::text,
    (900000000 + n % 100000)::text, 'user' || n % 100000, 3, gen_random_uuid(), 'api-key:nightly',
    case n % 3
      when 0 then json_build_object('lastName', json_build_object('from', 'Name' || n, 'to', 'Name' || n + 1))
      when 1 then json_build_object('emails', json_build_object('from', json_build_array('user' || n || '@campus.edu'),
        'to', json_build_array('user' || n || '@campus.edu', 'u' || n || '@example.org')))
      else '{}'::json end,
    case n % 3 when 2 then json_build_array(
      json_build_object('groupId', 'CRS-' || n % 2000, 'role', json_build_object('from', null, 'to', 0)),
      json_build_object('groupId', 'CRS-' || (n + 1) % 2000, 'role', json_build_object('from', 0, 'to', null)))
      else '[]'::json end
  from generate_series(1, ${entries}) n`;

/** The text of a page, as somebody would write it who needs no filters, no window and no check of the cursor. */
const referenceStatement = `
  select string_agg('{"sequence":' || sequence || ',"at":"' || timestamp_text(at) || '","type":"' || type || '","action":"' || action
    || '","id":' || to_json(id)::text || ',"databaseId":' || coalesce(to_json(database_id)::text, 'null')
    || ',"username":' || coalesce(to_json(username)::text, 'null') || ',"source":' || coalesce(to_json(name)::text, 'null')
    || ',"importId":' || coalesce(to_json(import_id)::text, 'null') || ',"actor":' || to_json(actor)::text
    || ',"changed":' || changed || ',"memberships":' || memberships || '}', ',' order by sequence)
  from (
    select c.*, s.name from changes c left join sources s on s.organization_id = 1 and s.number = c.source
    where c.organization_id = 1 and sequence > $1 order by sequence limit ${pageSize}) page`;

/** Runs `count` requests by some clients at once. */
async function load(clients: number, count: number, request: (index: number) => Promise<unknown>): Promise<Latency> {
  const times: number[] = [];
  let next = 0;
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let index = next++; index < count; index = next++) {
        const start = performance.now();
        await request(index);
        times.push(performance.now() - start);
      }
    }),
  );
  return latency(times, (performance.now() - begin) / 1000);
}

function latency(times: readonly number[], seconds: number): Latency {
  const sorted = [...times].sort((one, other) => one - other);
  return { p50: median(sorted), p99: sorted[Math.floor(sorted.length * 0.99)]!, rate: times.length / seconds };
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** The body of an answer that must be 200. */
function fetchText(url: string, key: string = adminKey): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { authorization: `Bearer ${key}` } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        if (answer.statusCode === 200) resolve(text);
        else reject(new Error(`${url}: ${answer.statusCode} ${text}`));
      });
      answer.on("error", reject);
    }).on("error", reject);
  });
}

/**
 * Measures the change feed: the service as a process of its own, clients over HTTP in this process, on a log of a million
 * entries. PostgreSQL by itself makes the same pages, over the same number of connections, in the same run.
 * @param day a roster that is imported while the feed is read once more
 */
export async function measureFeed(
  server: BenchServer,
  day: DayFiles,
  about: Pick<FeedResults, "date" | "machine">,
): Promise<FeedResults> {
  await server.createDatabase(database);
  const service = await startService(server, database, undefined);
  const pool = new pg.Pool({ ...server.connection, database, max: 16, options: "-c jit=off -c work_mem=64MB" });
  try {
    progress("  feed: filling the log");
    await pool.query(fillLog);
    await pool.query(
      "update feed_heads set last_sequence = $1, last_at = (select at from changes where organization_id = 1 and sequence = $1), last_user_id = 100000",
      [entries],
    );
    await server.settle(database);
    const start = (index: number) => (index * 7919 * pageSize) % (entries - pageSize);
    const times = await pool.query<{ sequence: string; at: string }>(
      "select sequence, timestamp_text(at) as at from changes where organization_id = 1 and sequence = any ($1)",
      [Array.from({ length: requests }, (_, index) => start(index)).filter((sequence) => sequence > 0)],
    );
    const cursors = times.rows.map(({ sequence, at }) => [Number(sequence), at] as const);
    const encode = (position: unknown) => Buffer.from(JSON.stringify(position)).toString("base64url");
    const readPostgreSql = async (index: number) => {
      await pool.query(referenceStatement, [cursors[index % cursors.length]![0]]);
    };
    const readMuster = (index: number) =>
      fetchText(`${service.url}/v1/changes?limit=${pageSize}&cursor=${encode(cursors[index % cursors.length])}`);
    await checkSameText(pool, service.url, cursors[0]!, encode);
    const measurePages = async (clientCounts: readonly number[], count: number) => {
      const pages = [];
      for (const clients of clientCounts) {
        const postgresql = await load(clients, count, readPostgreSql);
        const muster = await load(clients, count, readMuster);
        progress(`  feed: ${clients} clients, PostgreSQL ${describe(postgresql)}, Muster ${describe(muster)}`);
        pages.push({ clients, postgresql, muster });
      }
      return pages;
    };
    await measurePages([1, 16], 64);
    const pages = await measurePages([1, 16], requests);
    const end = async (key?: string) =>
      JSON.parse(await fetchText(`${service.url}/v1/changes?since=2099-01-01T00:00:00Z`, key)).cursor as string;
    const poll = (cursor: string) => () => fetchText(`${service.url}/v1/changes?cursor=${cursor}`);
    const emptyRoute = await measureEmptyRoute();
    await load(16, pollsBefore, poll(await end()));
    const musterPolls = await load(16, polls, poll(await end()));
    progress(`  feed: polls ${describe(musterPolls)}, empty route ${describe(emptyRoute)}`);
    const other = await addOrganization(pool);
    const measureWaits = (rounds: number) => measureWait(pool, service.url, other, () => end(other.key), rounds);
    const wait = await measureWaits(waits);
    progress(`  feed: waiting ${describe(wait)}`);
    const cursorAtEnd = await end();
    const importing = await whileImporting(
      () => sendRoster(service.url, day.xml, "normal"),
      async () => ({
        people: day.tables.users.rows,
        pages: await measurePages([1, 16], 64),
        polls: await load(16, 1000, poll(cursorAtEnd)),
        wait: await measureWaits(20),
      }),
    );
    progress(`  feed: while importing, polls ${describe(importing.polls)}, waiting ${describe(importing.wait)}`);
    return { ...about, entries, pages, polls: { muster: musterPolls, emptyRoute }, wait, importing };
  } finally {
    agent.destroy();
    await pool.end();
    await service.stop();
    await server.dropDatabase(database);
  }
}

const describe = ({ p50, p99, rate }: Latency) =>
  `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${rate.toFixed(0)}/s`;

/** Both must make the same text, or the comparison means nothing. */
async function checkSameText(
  pool: pg.Pool,
  url: string,
  cursor: readonly [number, string],
  encode: (position: unknown) => string,
) {
  const { rows } = await pool.query<{ string_agg: string }>(referenceStatement, [cursor[0]]);
  const answer = await fetchText(`${url}/v1/changes?limit=${pageSize}&cursor=${encode(cursor)}`);
  if (!answer.startsWith(`{"changes":[${rows[0]!.string_agg}],`))
    throw new Error("The reference makes another text than Muster.");
}

async function measureEmptyRoute(): Promise<Latency> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("empty-route.ts", import.meta.url))], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [port] = await once(createInterface({ input: child.stdout }), "line");
    const request = () => fetchText(`http://127.0.0.1:${port}/`);
    await load(16, pollsBefore, request);
    return await load(16, polls, request);
  } finally {
    child.kill();
  }
}

interface Organization {
  readonly id: number;
  readonly key: string;
}

/** An organization that nothing is imported into. */
async function addOrganization(pool: pg.Pool): Promise<Organization> {
  const key = `${adminKey}-of-another-organization`;
  const { rows } = await pool.query<{ id: number }>(
    `with organization as (
       insert into organizations (name, created_at, updated_at) values ('Another', now(), now()) returning id
     ), head as (
       insert into feed_heads (organization_id) select id from organization
     )
     insert into api_keys (organization_id, id, name, services, key_hash, created_at)
     select id, gen_random_uuid(), 'bench', '{retrieve}', sha256(convert_to($1, 'UTF8')), now() from organization
     returning organization_id as id`,
    [key],
  );
  return { id: rows[0]!.id, key };
}

/** From just before the commit until each of the waiting clients has its answer. */
async function measureWait(
  pool: pg.Pool,
  url: string,
  organization: Organization,
  end: () => Promise<string>,
  rounds: number,
): Promise<Latency> {
  const times: number[] = [];
  const begin = performance.now();
  const writer = await pool.connect();
  try {
    for (let round = 0; round < rounds; round += 1) {
      const cursor = await end();
      let committed = 0;
      const waiting = Array.from({ length: 16 }, async () => {
        const { changes } = JSON.parse(await fetchText(`${url}/v1/changes?wait=30&cursor=${cursor}`, organization.key));
        if (changes.length !== 1) throw new Error("A client that waits was told something else.");
        times.push(performance.now() - committed);
      });
      // All of them wait before the commit.
      await new Promise((resolve) => setTimeout(resolve, 50));
      await writer.query("begin");
      await writer.query(
        `with head as (update feed_heads set last_sequence = last_sequence + 1, last_at = greatest(clock_timestamp(), last_at + interval '1 microsecond')
           where organization_id = $1 returning last_sequence, last_at)
         insert into changes (organization_id, sequence, at, type, action, id, actor)
         select $1, last_sequence, last_at, 'location', 'created', last_sequence::text, 'bench' from head`,
        [organization.id],
      );
      committed = performance.now();
      await writer.query("commit");
      await Promise.all(waiting);
    }
  } finally {
    writer.release();
  }
  return latency(times, (performance.now() - begin) / 1000);
}

/** Measures beside an import; what was measured counts only when the import still ran at its end. */
async function whileImporting<Result>(
  run: () => Promise<{ readonly status?: string }>,
  work: () => Promise<Result>,
): Promise<Result> {
  let isRunning = true;
  const importing = run().finally(() => {
    isRunning = false;
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const result = await work();
  if (!isRunning) throw new Error("The import ended before the measurement did.");
  const { status } = await importing;
  if (status !== "applied") throw new Error(`The import beside the measurement was ${status}.`);
  return result;
}
