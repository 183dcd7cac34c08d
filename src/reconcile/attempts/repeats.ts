import { setTimeout as pause } from "node:timers/promises";
import sql from "sql-template-tag";
import { MusterError } from "../../errors.ts";
import type { Database, Executor } from "../../store/database.ts";
import { prepared } from "../../store/sql.ts";
import type { ImportResource } from "./import-resource.ts";
import { getImport } from "./read-imports.ts";

/**
 * Finds the import that this one repeats: of the same key, bytes, source and style, begun at most `within` before, and
 * still under way or followed by no change at all. Refused and discarded imports do not count. A repeat leaves no trace.
 * @param id an import that has just been received, in the caller's transaction
 * @param within milliseconds
 * @returns id of the first import; undefined if this is not a repeat
 */
export async function findRepeated(
  executor: Executor,
  organizationId: number,
  id: string,
  within: number,
): Promise<string | undefined> {
  // Of two that come at the same time the second waits here until the first can be seen.
  await executor.query(
    prepared(sql`select pg_advisory_xact_lock(hashtextextended(organization_id || sha256, 0)) from imports
     where organization_id = ${organizationId} and id = ${id}`),
  );
  const { rows } = await executor.query<{ id: string }>(
    prepared(sql`select first.id
     from imports repeat
     join imports first on first.organization_id = repeat.organization_id and first.sha256 = repeat.sha256
       and first.caller_id = repeat.caller_id and first.kind = repeat.kind and first.source = repeat.source
       and first.style = repeat.style and first.dry_run = repeat.dry_run
     where repeat.organization_id = ${organizationId} and repeat.id = ${id} and first.id <> repeat.id and first.status not in ('failed', 'discarded')
       and (first.status in ('receiving', 'planning')
         or first.head_sequence = (select last_sequence from feed_heads where organization_id = ${organizationId}))
       and first.created_at > repeat.created_at - ${within} * interval '1 millisecond'
     order by first.created_at limit 1`),
  );
  if (rows[0])
    await executor.query(prepared(sql`delete from imports where organization_id = ${organizationId} and id = ${id}`));
  return rows[0]?.id;
}

/** Time between two looks at an import that goes on, in milliseconds. */
const interval = 200;

/**
 * Waits until an import is done.
 * @throws MusterError the problem for which it was refused
 */
export async function importDone(database: Database, organizationId: number, id: string): Promise<ImportResource> {
  for (;;) {
    const resource = await getImport(database, organizationId, id);
    if (resource.problem) {
      const { code, detail, ...place } = resource.problem;
      const error = new MusterError(code, detail, place);
      error.importId = id;
      throw error;
    }
    if (!["receiving", "planning"].includes(resource.status)) return resource;
    await pause(interval);
  }
}
