import { MusterError } from "../../errors.ts";
import { supportedEncoding } from "../../intake/encoding-labels.ts";
import { readRecords } from "../../intake/read-records.ts";
import type { Reading, RecordMapping } from "../../intake/reading.ts";
import type { SourceRecord } from "../../intake/records.ts";
import type { Transaction } from "../../store/database.ts";
import type { Executor } from "../../store/statement.ts";
import { judgeFigures } from "../guard/judge.ts";
import { numeral } from "../numerals.ts";
import type { PlannedFile, ReadFile, ReceivedFile } from "../planned-file.ts";
import type { Setup } from "../setup/setup.ts";
import { guardFigures, multiranges, recordCounts } from "./record-figures.ts";
import { keepRecordItems, keepRecordNotes, type RecordNote } from "./record-items.ts";
import type { RecordPlan } from "./record-plan.ts";

/** A record of a file, checked. */
export interface RecordRow {
  /** 1-based; so is `line`. */
  readonly row: number;
  readonly line: number;
}

/** A kind of file that a plan is made of in memory: its things are few. */
export interface RecordKind<Field extends string, Row extends RecordRow> {
  readonly columns: RecordMapping<Field>;
  readonly normalize: (record: SourceRecord<Field>) => Row;
  /**
   * Works out what the rows mean for what is stored; applies nothing.
   * @param holdsRemovals leaves out whatever takes something away
   */
  readonly plan: (
    executor: Executor,
    organizationId: number,
    rows: readonly Row[],
    holdsRemovals: boolean,
  ) => Promise<RecordPlan>;
}

/** Most rows of a file of groups or of locations. */
export const mostRecords = 100_000;

/**
 * Reads a file of groups or of locations.
 * @throws MusterError when the document is refused; body_too_large when it has too many rows
 */
export async function readRecordFile<Field extends string, Row extends RecordRow>(
  transaction: Transaction,
  kind: RecordKind<Field, Row>,
  organizationId: number,
  { body, format, charset }: ReceivedFile,
  { source }: Setup,
): Promise<ReadFile> {
  const { encoding, delimiter } = source.mapping ?? {};
  let reading: Reading | null = null;
  const options = {
    mapping: kind.columns,
    charset: charset === undefined ? undefined : supportedEncoding(charset),
    encoding,
    delimiter,
    onReading: (found: Reading) => {
      reading = found;
    },
  };
  const rows: Row[] = [];
  for await (const records of readRecords(format, body.open(), options)) {
    rows.push(...records.map(kind.normalize));
    if (rows.length > mostRecords) throw tooMany(kind.columns.vocabulary.many);
  }
  return { reading, plan: (setup) => planRecords(transaction, kind, organizationId, rows, setup, false) };
}

const tooMany = (many: string) =>
  new MusterError(
    "body_too_large",
    `The file has more than ${numeral(mostRecords)} ${many}. Nothing was changed; send it in parts.`,
  );

async function planRecords<Field extends string, Row extends RecordRow>(
  transaction: Transaction,
  kind: RecordKind<Field, Row>,
  organizationId: number,
  rows: readonly Row[],
  setup: Setup,
  holdsRemovals: boolean,
): Promise<PlannedFile> {
  const plan = await kind.plan(transaction, organizationId, rows, holdsRemovals);
  const outcomes = { ...multiranges(plan), ...(plan.groupIds.size === 0 ? {} : { groupIds: textOf(plan.groupIds) }) };
  return {
    // Nobody announces what becomes of groups: that is about the people of a source.
    judge: async (at) => judgeFigures(guardFigures(plan, rows.length), setup.source.guard, null, at),
    countWaiting: async () => ({
      peopleRemoved: 0,
      peopleWithdrawn: 0,
      contactsRemoved: 0,
      membershipsRemoved: plan.memberships.removed,
    }),
    describe: async () => ({ counts: recordCounts(plan, rows.length), outcomes }),
    keepNotes: (importId) => keepRecordNotes(transaction, organizationId, importId, notesOf(rows, plan)),
    keepAbsent: async () => {},
    keepItems: (importId) => keepRecordItems(transaction, organizationId, importId, plan.items),
    changesNothing: async () => false,
    apply: ({ id, actor, at }) => plan.apply({ actor, importId: id, source: setup.source.number }, at),
    planAgain: (holds) => planRecords(transaction, kind, organizationId, rows, setup, holds),
  };
}

const textOf = (groupIds: ReadonlyMap<number, string>): Readonly<Record<string, string>> =>
  Object.fromEntries(groupIds);

function notesOf(rows: readonly RecordRow[], { failures, warnings, items }: RecordPlan): RecordNote[] {
  const updated = new Set(items.map(({ row }) => row));
  return rows.flatMap(({ row, line }): RecordNote[] => {
    const failure = failures.get(row);
    if (failure !== undefined) return [{ row, number: 1, line, outcome: "failed", ...failure }];
    const outcome = updated.has(row) ? "updated" : "unchanged";
    return (warnings.get(row) ?? []).map((issue, index) => ({ row, number: index + 1, line, outcome, ...issue }));
  });
}
