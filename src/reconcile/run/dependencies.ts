import type { Database } from "../../store/database.ts";
import type { ImportQueue } from "../../store/import-queue.ts";

/** Everything that an import works with. */
export interface ImportDependencies {
  readonly database: Database;
  /** Imports wait here before they take a connection. */
  readonly importQueue: ImportQueue;
  /** Rows of a part, where a file is applied in parts (docs/decisions/021). */
  readonly partRows: number;
  readonly clock: () => Date;
  readonly newId: () => string;
  /** Folder for the body while it is received. */
  readonly spoolDirectory: string;
}
