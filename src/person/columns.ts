import { ownerColumn, scalarFields } from "./fields.ts";
import { kindOf } from "./kinds.ts";

/** A column of a table: its name, and its definition in SQL. */
export interface Column {
  readonly name: string;
  readonly definition: string;
}

const compared = 'text collate "C"';

const companions: readonly Column[] = scalarFields.flatMap(({ companion }) =>
  companion === undefined ? [] : [{ name: companion, definition: compared }],
);

/** Columns of a person's single values in `people` and `planned_scalars`: those that are compared, then the values. */
export const valueColumns: readonly Column[] = [
  ...companions,
  ...scalarFields.map((field) => ({ name: field.column, definition: kindOf(field).sqlType })),
];

/** The same columns in `staged_rows`, where a list is a text whose items a separator joins. */
export const stagedColumns: readonly Column[] = [
  ...companions,
  ...scalarFields.map((field) => ({ name: field.column, definition: kindOf(field).stagedType })),
];

/** The columns of `planned_scalars` and `users` that say who set each single value last. */
export const ownerColumns: readonly Column[] = scalarFields.map((field) => ({
  name: ownerColumn(field),
  definition: "smallint",
}));
