import type { ImportOptions } from "../receive/request.ts";

/** An attempt to import a file, as a run needs to know it. */
export interface Attempt {
  readonly id: string;
  readonly organizationId: number;
  /** The sender of the file, or the approver of what was held; as the change log names them. */
  readonly actor: string;
  readonly options: ImportOptions;
}
