import { documentedColumns } from "./documented-columns.ts";
import type { SourceRecord } from "./records.ts";

/** The fields of a location record, as XML, JSON and a header row of CSV spell them (file formats, section 7). */
export const locationFields = ["action", "name", "groupID"] as const;
export type LocationField = (typeof locationFields)[number];
export type LocationRecord = SourceRecord<LocationField>;

/** The columns of a file of locations, which may call them campuses. */
export const locationColumns = documentedColumns<LocationField>({
  vocabulary: {
    lists: new Map([
      ["locations", "location"],
      ["campuses", "campus"],
    ]),
    one: "location",
    many: "locations",
    flags: [],
    numbers: [],
    responseColumns: 3,
  },
  fields: locationFields,
  positions: locationFields,
  aliases: { groupids: "groupID", groups: "groupID", campusname: "name" },
  lists: ["groupID"],
});
