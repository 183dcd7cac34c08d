import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Fleet } from "./fleet.ts";
import { type Interference, startInterferingProxy } from "./proxy.ts";
import { reader, runSession, type SessionOptions, type SessionReport } from "./session.ts";

/** A fault that a service could have, planted from outside of it. */
export interface Plant {
  /** Describes the fault for people. */
  readonly says: string;
  /** In a copy of the source: text of files, and its replacement. */
  readonly source?: readonly { readonly file: string; readonly text: string; readonly instead: string }[];
  /** In the database, as the owner of the tables. */
  readonly sql?: string;
  /** Between the service and one more reader; the others read as they always do. */
  readonly interference?: Interference;
}

const lockText = "  const waitLimit = Math.max(statementLimit, lockLimit + limits.grace);\n";
const baseText = "greatest(clock_timestamp(), last_at + interval '1 microsecond') as base";
const recordText = `export async function recordChanges(
  executor: Executor,`;
const writerText = "export function asWriter<Result>(";

/** Faults by their names. */
export const plants = {
  "numbers-before-lock": {
    says: "a transaction takes its first number from a sequence, before it waits for the lock",
    source: [
      {
        file: "store/organization-lock.ts",
        text: lockText,
        instead: `${lockText}  await executor.query("select set_config('muster.taken', nextval('taken_numbers')::text, true)");\n`,
      },
    ],
    sql: `
      create sequence taken_numbers;
      grant usage on sequence taken_numbers to muster_service;
      create function take_number() returns trigger language plpgsql as $$
      begin
        new.sequence := coalesce(nullif(current_setting('muster.taken', true), '')::bigint, nextval('taken_numbers'));
        perform set_config('muster.taken', '', true);
        return new;
      end $$;
      create trigger take_number before insert on changes for each row execute function take_number();
      create function move_head() returns trigger language plpgsql as $$
      begin
        update feed_heads set last_sequence = greatest(last_sequence, (select max(sequence) from entered)),
          last_at = greatest(last_at, (select max(at) from entered))
        where organization_id = (select min(organization_id) from entered);
        return null;
      end $$;
      create trigger move_head after insert on changes referencing new table as entered
        for each statement execute function move_head();
      create function keep_head() returns trigger language plpgsql as $$
      begin
        if pg_trigger_depth() = 1 then new.last_sequence := old.last_sequence; end if;
        return new;
      end $$;
      create trigger keep_head before update of last_sequence on feed_heads for each row execute function keep_head();`,
  },
  "now-for-at": {
    says: "times are those at which the transactions began, instead of the clock's under the lock",
    source: [{ file: "changes/record.ts", text: baseText, instead: "now() as base" }],
  },
  milliseconds: {
    says: "the service tells times in milliseconds",
    sql: `create or replace function timestamp_text(at timestamptz) returns text language sql stable parallel safe
      as $$ select to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"000Z"') $$;`,
  },
  "milliseconds-compared": {
    says: "since is compared in milliseconds",
    interference: "milliseconds",
  },
  "append-outside": {
    says: "single edits append to the log in a transaction of their own, a fifth of a second after the edit's own",
    source: [
      {
        file: "changes/record.ts",
        text: recordText,
        instead: `export const postponed = new Map<Executor, ((executor: Executor) => Promise<unknown>)[]>();
export async function recordChanges(...parameters: Parameters<typeof recordNow>): Promise<Recorded> {
  const [first, ...others] = parameters;
  if (!others[1].actor.startsWith("api-key:edits")) return recordNow(...parameters);
  postponed.set(first, [...(postponed.get(first) ?? []), (executor) => recordNow(executor, ...others)]);
  return { count: 0 };
}
async function recordNow(
  executor: Executor,`,
      },
      {
        file: "store/organization-lock.ts",
        text: writerText,
        instead: `export function asWriter<Result>(...parameters: Parameters<typeof writeNow<Result>>): Promise<Result> {
  const [database, queue, organizationId, work] = parameters;
  let own: Executor | undefined;
  return writeNow(database, queue, organizationId, (client, head) => {
    own = client;
    return work(client, head);
  }).finally(async () => {
    const { postponed } = await import("../changes/record.ts");
    const appends = postponed.get(own!) ?? [];
    postponed.delete(own!);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await writeNow(database, queue, organizationId, async (client) => {
      for (const append of appends) await append(client);
    });
  });
}
function writeNow<Result>(`,
      },
    ],
  },
  "end-remembered": {
    says: "where the log ends is remembered for ten seconds, whatever is appended",
    source: [
      { file: "store/remembered.ts", text: "const knownFor = 1_000;", instead: "const knownFor = 10_000;" },
      { file: "store/remembered.ts", text: "      values.delete(key);\n", instead: "" },
    ],
  },
  "cursor-skips": {
    says: "the cursor of a full page is one change too far",
    interference: "cursor-skips",
  },
  "stale-end": {
    says: "the end of the log is remembered for two seconds, whatever is written meanwhile",
    interference: "stale-end",
  },
  "until-now": {
    says: "an answer says that it is complete up to the clock's time, changes or not",
    interference: "until-now",
  },
} as const satisfies Readonly<Record<string, Plant>>;

/** Runs a session with one fault, or without any. */
export async function runPlanted(
  name: keyof typeof plants | undefined,
  options: SessionOptions,
): Promise<SessionReport> {
  if (name === undefined) return runSession(options);
  const { source, sql, interference }: Plant = plants[name];
  if (sql !== undefined) await options.database.owner.query(sql);
  if (interference !== undefined) return runInterfered([interference], options);
  if (source === undefined) return runSession(options);
  const folder = await copySource(source);
  try {
    return await runSession({ ...options, program: join(folder, "src", "main.ts") });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs a session with further readers, each of whom reads through something that interferes. */
export async function runInterfered(
  interferences: readonly Interference[],
  options: SessionOptions,
): Promise<SessionReport> {
  let fleet: Fleet | undefined;
  const proxies = await Promise.all(
    interferences.map((interference) => startInterferingProxy(interference, () => fleet!.url(0))),
  );
  const furtherReaders = interferences.map((interference, index) =>
    reader(interference, {
      through: proxies[index]!.url,
      limit: 20,
      ...(interference === "until-now" || interference === "milliseconds" ? { by: "times" } : {}),
    }),
  );
  try {
    return await runSession({
      ...options,
      furtherReaders,
      whenRunning: (running) => {
        fleet = running;
      },
    });
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }
}

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Copies the source with a fault in it; the rest of the repository is linked. */
async function copySource(patches: NonNullable<Plant["source"]>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "muster-planted-"));
  await cp(join(root, "src"), join(folder, "src"), { recursive: true });
  for (const name of ["node_modules", "prisma", "docs", "openapi", "package.json"]) {
    await symlink(join(root, name), join(folder, name));
  }
  for (const { file, text, instead } of patches) {
    const path = join(folder, "src", file);
    const before = await readFile(path, "utf8");
    if (before.split(text).length !== 2) throw new Error(`${file} does not have, exactly once: ${text}`);
    await writeFile(
      path,
      before.replace(text, () => instead),
    );
  }
  return folder;
}
