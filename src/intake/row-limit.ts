import { MusterError } from "../errors.ts";
import { limits } from "./limits.ts";

/**
 * Refuses a file that has more rows than Muster reads (file formats, section 1).
 * @param row 1-based number of the last row that was read
 * @throws MusterError body_too_large
 */
export function refuseTooManyRows(row: number): void {
  if (row <= limits.rows) return;
  const most = limits.rows.toLocaleString("en-US");
  throw new MusterError(
    "body_too_large",
    `The file has more than ${most} rows. Check the export: it may repeat its rows. Nothing was changed.`,
  );
}
