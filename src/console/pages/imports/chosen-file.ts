import type { Upload } from "../../api/imports.ts";

/** Files whose dry runs were made in this tab, by the import's id. A reload forgets them. */
const files = new Map<string, Omit<Upload, "dryRun">>();

/** Keeps the file of a dry run, so that the person can apply it without choosing it again. */
export function keepFile(importId: string, upload: Omit<Upload, "dryRun">): void {
  files.clear();
  files.set(importId, upload);
}

/** The file of a dry run; undefined: it was made elsewhere, or before a reload. */
export const fileOf = (importId: string): Omit<Upload, "dryRun"> | undefined => files.get(importId);
