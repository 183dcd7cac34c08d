import { type AnnouncementKind, announce } from "../../announcements/outbox.ts";
import type { Executor } from "../../store/statement.ts";
import { readImport } from "./read-imports.ts";

const subjects: Readonly<Record<Exclude<AnnouncementKind, "source_overdue">, (source: string) => string>> = {
  import_held: (source) => `HELD: ${source}`,
  import_refused: (source) => `REFUSED: ${source}`,
  first_roster: (source) => `First roster: ${source}`,
};

/** Announces what became of an import, in the transaction that ends it. */
export async function announceImport(
  executor: Executor,
  organizationId: number,
  id: string,
  kind: keyof typeof subjects,
  { source, at }: { readonly source: number; readonly at: Date },
): Promise<void> {
  const resource = await readImport(executor, organizationId, id);
  await announce(
    executor,
    organizationId,
    { kind, source, importId: id, subject: subjects[kind](resource.source.name), body: resource.summary },
    at,
  );
}
