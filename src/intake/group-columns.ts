import { documentedColumns } from "./documented-columns.ts";
import type { SourceRecord } from "./records.ts";

/** The fields of a group record, as XML, JSON and a header row of CSV spell them (file formats, section 6). */
export const groupFields = [
  "action",
  "groupID",
  "name",
  "category",
  "type",
  "postApproval",
  "privacy",
  "description",
  "style",
  "default",
  "protected",
  "guardPercent",
  "parentGroupID",
] as const;
export type GroupField = (typeof groupFields)[number];
export type GroupRecord = SourceRecord<GroupField>;

/** The columns of a file of groups. Without a header row these are the basic ones. */
export const groupColumns = documentedColumns<GroupField>({
  vocabulary: {
    lists: new Map([["groups", "group"]]),
    one: "group",
    many: "groups",
    flags: ["postApproval", "default", "protected"],
    numbers: ["category", "type", "privacy", "guardPercent"],
    responseColumns: 5,
  },
  fields: groupFields,
  positions: ["name", "category", "type", "privacy", "description"],
  aliases: {},
  lists: [],
});
