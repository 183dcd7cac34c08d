import sql from "sql-template-tag";
import { isPresent } from "../../store/presence.ts";
import type { Executor } from "../../store/statement.ts";
import type { ImportProblem } from "./import-resource.ts";

/** The problem of an import whose process stopped, or seemed to. */
export const interrupted: ImportProblem = {
  code: "import_interrupted",
  detail: "The service stopped before the import was done; nothing was applied. Send the file again.",
};

/**
 * Ends the imports of all organizations that processes left under way which are gone, unless their body is in the
 * database: those are finished (src/reconcile/run/stored-imports.ts). An import is applied in one
 * transaction, which commits only if the import is still under way: so nothing of them was applied, and nothing will be
 * if such a process is alive after all.
 * @param owner a connection of the user that owns the tables
 * @returns how many there were
 */
export async function endInterruptedImports(owner: Executor, at: Date): Promise<number> {
  const { rowCount } = await owner.query(
    sql`
      update imports set status = 'failed', problem = ${JSON.stringify(interrupted)}, finished_at = ${at}
      where status in ('receiving', 'planning') and stored_at is null and not (process is not null and ${isPresent(sql`process`)})`,
  );
  return rowCount ?? 0;
}
