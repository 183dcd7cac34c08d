import type { Executor } from "../store/database.ts";
import type { ImportProblem } from "./types.ts";

const problem: ImportProblem = {
  code: "import_interrupted",
  detail: "The service stopped before the import was done; nothing was applied. Send the file again.",
};

/**
 * Ends the imports of all organizations that are still under way: to be called when no process works on them any more.
 * An import is applied in one transaction, so nothing of them was.
 * @param owner a connection of the user that owns the tables
 * @returns how many there were
 */
export async function endInterruptedImports(owner: Executor, at: Date): Promise<number> {
  const { rowCount } = await owner.query(
    `update imports set status = 'failed', problem = $1, finished_at = $2
     where status in ('receiving', 'planning', 'applying')`,
    [JSON.stringify(problem), at],
  );
  return rowCount ?? 0;
}
