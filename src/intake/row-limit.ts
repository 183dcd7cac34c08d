import { MusterError } from "../errors.ts";
import { limits } from "./limits.ts";

/**
 * Refuses a file that has more rows than Muster reads (file formats, section 1).
 * @param row 1-based number of the last row that was read
 * @param most rows that are read
 * @throws MusterError body_too_large
 */
export function refuseTooManyRows(row: number, most: number = limits.rows): void {
  if (row <= most) return;
  throw new MusterError(
    "body_too_large",
    `The file has more than ${most.toLocaleString("en-US")} rows. Check the export: it may repeat its rows. If they are right, send the file in parts, or raise IMPORT_MAX_ROWS. Nothing was changed.`,
  );
}
