import type { ScalarField, ScalarKind } from "./fields.ts";

interface Kind {
  /** PostgreSQL type of the columns in `users`, `people` and `planned_scalars`. */
  readonly sqlType: "text" | "text[]" | "boolean";
  /** Type of the column in `staged_rows`, where lists are texts joined by a separator. */
  readonly stagedType: "text" | "boolean";
  /** SQL of the stored value that means "nothing is there". */
  readonly blankSql: "''" | "null" | "'{}'::text[]" | "false";
  /** The same meaning in the API's document. */
  readonly blankDocument: "" | null | readonly string[] | false;
}

/** How each kind of single value is stored and shown. */
export const kinds: Readonly<Record<ScalarKind, Kind>> = {
  text: { sqlType: "text", stagedType: "text", blankSql: "''", blankDocument: "" },
  identifier: { sqlType: "text", stagedType: "text", blankSql: "null", blankDocument: null },
  address: { sqlType: "text", stagedType: "text", blankSql: "''", blankDocument: null },
  texts: { sqlType: "text[]", stagedType: "text", blankSql: "'{}'::text[]", blankDocument: [] },
  location: { sqlType: "text", stagedType: "text", blankSql: "null", blankDocument: null },
  flag: { sqlType: "boolean", stagedType: "boolean", blankSql: "false", blankDocument: false },
};

/** How a field's values are stored and shown. */
export const kindOf = ({ kind }: Pick<ScalarField, "kind">): Kind => kinds[kind];
