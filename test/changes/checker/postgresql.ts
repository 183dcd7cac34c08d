import { kill } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestDatabase } from "../../support/database.ts";
import type { Random } from "./random.ts";

/**
 * `kill -9` of one of the server's processes that work for the service: PostgreSQL then ends all others, recovers from its
 * log, and goes on. Resolves when it answers again.
 */
export async function crashPostgreSql({ owner }: TestDatabase, random: Random): Promise<void> {
  // Its own connections break, too.
  if (owner.listenerCount("error") === 0) owner.on("error", () => undefined);
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
