import type { Mapping } from "../../api/sources.ts";

/** The fields that the console maps. Mappings with more detail are written through the API (docs/field-mapping.md). */
export const mappedFields = [
  { name: "databaseID", label: "Database ID" },
  { name: "userID", label: "Username" },
  { name: "firstName", label: "First name" },
  { name: "lastName", label: "Last name" },
  { name: "email", label: "E-mail" },
  { name: "phone", label: "Phone" },
  { name: "groupID", label: "Groups" },
  { name: "campusName", label: "Location" },
] as const;

/** The column of each field; null: the field is read by its documented name. */
export type ChosenColumns = Readonly<Record<string, string | null>>;

/** The simple columns of a mapping. */
export function readMapping(mapping: Mapping | null): ChosenColumns {
  const entries = Object.entries(mapping?.fields ?? {});
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

/**
 * The mapping of the chosen columns. Parts of the stored mapping that the console does not show stay.
 * @returns undefined: no field has a column of its own
 */
export function mappingOf(chosen: ChosenColumns, stored: Mapping | null): Mapping | undefined {
  const detailed = Object.entries(stored?.fields ?? {}).filter(([, field]) => typeof field !== "string");
  const simple = Object.entries(chosen).filter(([, column]) => column !== null);
  const fields = Object.fromEntries([...detailed, ...simple]) as Mapping["fields"];
  if (Object.keys(fields ?? {}).length === 0 && stored === null) return undefined;
  return { ...stored, fields };
}
