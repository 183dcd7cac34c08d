import { ownerColumn, scalarFields } from "./fields.ts";
import { kindOf } from "./kinds.ts";

/** A column of a table: its name, and its type in SQL. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** Columns of single values as they are compared, in every table that has single values. */
export const companionColumns: readonly Column[] = scalarFields.flatMap(({ companion }) =>
  companion === undefined ? [] : [{ name: companion, type: 'text collate "C"' }],
);

/** Columns of single values in `people` and `planned_scalars`. */
export const valueColumns: readonly Column[] = scalarFields.map((field) => ({
  name: field.column,
  type: kindOf(field).sqlType,
}));

/** Columns of single values in `staged_rows`, where a list is a text whose items a separator joins. */
export const stagedColumns: readonly Column[] = scalarFields.map((field) => ({
  name: field.column,
  type: kindOf(field).stagedType,
}));

/** The columns of `users` and `planned_scalars` that say who set each single value last. */
export const ownerColumns: readonly Column[] = scalarFields.map((field) => ({
  name: ownerColumn(field),
  type: "smallint",
}));

/** Columns as a `create table` lists them. */
export const definitions = (columns: readonly Column[]): string =>
  columns.map(({ name, type }) => `${name} ${type}`).join(", ");
