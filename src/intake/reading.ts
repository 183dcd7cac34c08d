import { z } from "zod";
import type { RowIssue } from "../errors.ts";
import type { UserField } from "../person/fields.ts";
import { printable } from "./printable.ts";

/** Formats of files. */
export const formats = ["xml", "csv", "json"] as const;
export type FileFormat = (typeof formats)[number];

/** Encodings that Muster reads. ISO-8859-1 is read as Windows-1252, which contains it (WHATWG Encoding, 4.2). */
export const encodings = [
  "utf-8",
  "utf-16le",
  "utf-16be",
  "windows-1252",
  "windows-1250",
  "iso-8859-2",
  "iso-8859-15",
  "macintosh",
  "ibm850",
  "ibm437",
] as const;
export type Encoding = (typeof encodings)[number];

/** Characters that may separate the columns of CSV. */
export const delimiters = [",", ";", "\t", "|"] as const;
export type Delimiter = (typeof delimiters)[number];

const passedLineSchema = z.object({ line: z.int(), text: z.string() });
/** A line that is not a record and was passed over: its number, from 1, and its text as a message quotes it. */
export type PassedLine = z.infer<typeof passedLineSchema>;

/** The detected encoding and layout of a file. */
export const readingSchema = z
  .object({
    format: z.enum(formats),
    encoding: z.enum(encodings),
    encodingDeclared: z
      .enum(encodings)
      .optional()
      .describe(
        "The encoding that the content type or the XML declaration names, if the file is in UTF-8 all the same.",
      ),
    lineEnding: z.enum(["LF", "CRLF", "CR", "mixed"]).optional().describe("CSV: what ends its lines."),
    delimiter: z.enum(delimiters).optional().describe("CSV: what separates its columns."),
    header: z.boolean().optional().describe("CSV: whether the first row has the names of the columns."),
    ignored: z.array(z.string()).describe("Columns, elements or members that no field is read from; at most 50."),
    passedOver: z
      .array(z.object({ line: z.int(), text: z.string() }))
      .optional()
      .describe("CSV: lines that are not rows, such as `sep=;` or `(42 rows affected)`; at most 20."),
  })
  .meta({
    id: "Reading",
    examples: [
      {
        format: "csv",
        encoding: "windows-1252",
        lineEnding: "CRLF",
        delimiter: ",",
        header: true,
        ignored: ["middleName"],
      },
    ],
  });
export type Reading = z.infer<typeof readingSchema>;

/** The settings for reading a file. */
export interface ReadOptions<Field extends string = UserField> {
  /** The meaning of its columns, elements and members. */
  readonly mapping: RecordMapping<Field>;
  /** The source that the file is of: an export of people says their databaseIDs in all. Absent: `default`. */
  readonly sourceName?: string | undefined;
  /** Pinned by the source; wins over what the file says. */
  readonly encoding?: Encoding | undefined;
  /** The content type names it; a byte order mark takes precedence. */
  readonly charset?: Encoding | undefined;
  /** Pinned by the source; otherwise the comma, or what a header row shows. CSV only. */
  readonly delimiter?: Delimiter | undefined;
  /** Pinned by the source; otherwise told by the first row. CSV only. */
  readonly header?: boolean | undefined;
  /** Most rows of the file; absent: the published limit. */
  readonly mostRows?: number | undefined;
  /** Told once, when the reader ends, however it ends. */
  readonly onReading?: (reading: Reading) => void;
}

/** How a kind of file calls its records, and what it allows of their values. */
export interface Vocabulary {
  /**
   * The name of the records by the name of their list (the root of XML, the member of JSON), in lower case. The first is the
   * one that messages tell.
   */
  readonly lists: ReadonlyMap<string, string>;
  /** The words for one record, and for several. */
  readonly one: string;
  readonly many: string;
  /** Columns that JSON may write as 0, 1, true or false. */
  readonly flags: readonly string[];
  /** Columns that JSON may write as a whole number: codes that have no leading zeros to lose. */
  readonly numbers: readonly string[];
  /** The number of columns that its response file appends to a row (file formats, section 8). */
  readonly responseColumns: number;
}

/** The list and the record as messages tell them. */
export function shownNames({ lists }: Vocabulary): { readonly list: string; readonly record: string } {
  const [list, record] = lists.entries().next().value!;
  return { list, record };
}

/**
 * The meaning of the columns of a file. A reader asks once a column (header cell, element or member name, position) for its
 * slot, fills an array by slot for each record, and has it made into fields.
 */
export interface RecordMapping<Field extends string = UserField> {
  readonly vocabulary: Vocabulary;
  /**
   * Slot of a column that has a name. Names compare without regard to case, and to white space around them.
   * @returns undefined when nothing is read from that column
   */
  slotOfName(name: string): number | undefined;
  /**
   * Slot of a column by its position.
   * @param position 1-based
   */
  slotOfPosition(position: number): number | undefined;
  readonly slotCount: number;
  /** Largest position it reads; 0 when it reads columns by name only. */
  readonly positions: number;
  /** True if positions count in a file with a header row, too: for columns that have no name there. */
  readonly positionsWithHeader: boolean;
  /** Names of columns that it reads, as it spells them; none when it reads by position only. */
  readonly names: readonly string[];
  /**
   * Which separator joins the items when a value comes as a list (JSON): ";" where it becomes a list of tokens, "|" where
   * it becomes parts by position; undefined where it takes one value only.
   */
  separatorOf(slot: number): ";" | "|" | undefined;
  /**
   * The fields of a record.
   * @param cells by slot, trimmed; undefined for a column that the record doesn't have
   */
  read(cells: readonly (string | undefined)[]): {
    readonly values: Partial<Record<Field, string>>;
    readonly failure?: RowIssue;
  };
  /** Names of columns whose values lost against another column of the same field. Readers report them as not read. */
  superseded?(): readonly string[];
}

/** The name of a column as a message shows it: printable, and cut to 100 characters. */
export const shownName = (name: string): string => printable(name, 100);

/** Names that no field is read from, each once. */
export interface IgnoredNames {
  add(name: string): void;
  names(): string[];
}

/** Names that a report lists, at most: a sender decides how many there are. */
const mostNames = 50;

/** Names that no value was read from, with those that lost against another name of the same field; at most 50. */
export const unreadNames = (ignored: readonly string[], mapping: Pick<RecordMapping, "superseded">): string[] =>
  [...new Set([...ignored, ...(mapping.superseded?.() ?? []).map(shownName)])].slice(0, mostNames);

/** Keeps the first 50 names, each cut to 100 characters. */
export function createIgnoredNames(mapping: Pick<RecordMapping, "superseded">): IgnoredNames {
  const names = new Set<string>();
  return {
    add(name) {
      if (names.size < mostNames) names.add(shownName(name));
    },
    names: () => unreadNames([...names], mapping),
  };
}
