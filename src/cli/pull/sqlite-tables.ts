import { scalarFields } from "../../person/fields.ts";
import { columns, keys, type Table, tables } from "./tables.ts";

/** Columns whose values are compared as numbers. */
const integers = new Set<string>([
  "id",
  "userId",
  "role",
  ...scalarFields.filter(({ kind }) => kind === "flag").map(({ property }) => property),
  "category",
  "type",
  "privacy",
  "postApproval",
  "default",
  "protected",
  "guardPercent",
]);

/** A name of a table or column for SQL. */
export const quotedName = (name: string): string => `"${name}"`;
const quotedNames = (names: readonly string[]) => names.map(quotedName).join(", ");

const definition = (table: Table) => {
  const keyColumns = table === "memberships" ? ["userId", "groupId"] : [keys[table]];
  const members = columns[table].map((name) => `${quotedName(name)} ${integers.has(name) ? "integer" : "text"}`);
  return `create table ${quotedName(table)} (${members.join(", ")}, primary key (${quotedNames(keyColumns)})) without rowid`;
};

/** Creates the tables of a new copy, and drops the tables of an earlier copy. */
export const creation = `
  ${tables.map((table) => `drop table if exists ${quotedName(table)}; ${definition(table)};`).join("\n  ")}
  create index memberships_of_groups on memberships ("groupId");
  create table if not exists muster_pull (cursor text not null, url text not null, layout text not null);
  delete from muster_pull;`;
