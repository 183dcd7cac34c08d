import { kill } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestDatabase } from "../../support/database.ts";
import type { Random } from "./random.ts";

/**
 * Makes commits last through a crash of PostgreSQL: servers of tests do without. To be called before anybody connects.
 */
export async function makeDurable({ owner }: TestDatabase): Promise<void> {
  // Its own connections break with the server.
  owner.on("error", () => undefined);
  await owner.query(
    "do $$ begin execute format('alter database %I set synchronous_commit = on', current_database()); end $$",
  );
}

/**
 * `kill -9` of one of the server's processes that work for the service: PostgreSQL then ends all others, recovers from its
 * log, and goes on. Resolves when it answers again.
 */
export async function crashPostgreSql({ owner }: TestDatabase, random: Random): Promise<void> {
  const { rows } = await owner.query<{ pid: number }>(
    "select pid from pg_stat_activity where datname = current_database() and application_name like 'muster%' order by pid",
  );
  if (rows.length === 0) return;
  kill(random.pick(rows).pid, "SIGKILL");
  for (;;) {
    await sleep(50);
    const isUp = await owner.query("select").then(
      () => true,
      () => false,
    );
    if (isUp) return;
  }
}
