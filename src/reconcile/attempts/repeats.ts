import { setTimeout as pause } from "node:timers/promises";
import sql from "sql-template-tag";
import { MusterError } from "../../errors.ts";
import type { Database } from "../../store/database.ts";
import { prepared } from "../../store/sql.ts";
import type { Executor } from "../../store/statement.ts";
import type { ImportResource } from "./import-resource.ts";
import { getImport } from "./read-imports.ts";

/** An import that another one repeats. */
export interface RepeatedImport {
  readonly id: string;
  /** False while it is still under way: its end decides if the other one is a repeat. */
  readonly isDone: boolean;
}

/**
 * Finds the import that a file repeats. It has the same key, bytes, source and style, and began at most `within` before.
 * It is still under way, or neither the log nor a setting has changed since its end. Refused and discarded imports do not
 * count.
 * @param id the import whose file has arrived; it is still `receiving`, so that no other import takes it for the first
 * @param sha256 of its body, hexadecimal
 * @param within milliseconds
 * @returns undefined if the file is not a repeat. The caller then calls `receivedImport` in the same transaction
 */
export async function findRepeated(
  executor: Executor,
  organizationId: number,
  { id, sha256 }: { readonly id: string; readonly sha256: string },
  within: number,
): Promise<RepeatedImport | undefined> {
  // Of two that come at the same time the second waits here until the first can be seen.
  await executor.query(
    prepared(sql`select pg_advisory_xact_lock(hashtextextended(${organizationId}::integer || ${sha256}::text, 0))`),
  );
  const { rows } = await executor.query<RepeatedImport & { [column: string]: unknown }>(
    prepared(sql`select first.id, first.status not in ('receiving', 'planning') as "isDone"
     from imports repeat
     join imports first on first.organization_id = repeat.organization_id and first.sha256 = ${sha256}
       and first.caller_id = repeat.caller_id and first.kind = repeat.kind and first.source = repeat.source
       and first.style = repeat.style and first.dry_run = repeat.dry_run
     where repeat.organization_id = ${organizationId} and repeat.id = ${id} and first.id <> repeat.id and first.status not in ('failed', 'discarded')
       and (first.status in ('receiving', 'planning')
         or ((first.head_sequence, first.rules_epoch) = (
           select last_sequence, rules_epoch from feed_heads join organizations on organizations.id = organization_id
           where organization_id = ${organizationId})))
       and first.created_at > repeat.created_at - ${within} * interval '1 millisecond'
     order by first.created_at limit 1`),
  );
  return rows[0];
}

/** Forgets an import that is only a repeat. A repeat leaves no trace. */
export async function dropRepeat(executor: Executor, organizationId: number, id: string): Promise<void> {
  await executor.query(prepared(sql`delete from imports where organization_id = ${organizationId} and id = ${id}`));
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
