import { z } from "zod";
import { groupIdPattern } from "../../directory/group-codes.ts";
import { locationNamePattern } from "../../directory/locations.ts";
import { line } from "../../directory/text.ts";
import { scalarField } from "../../person/fields.ts";
import { pageQuery } from "../contract/paging.ts";

const exampleLocation = {
  name: "North Campus",
  version: 1,
  groups: ["CRS-0001"],
  createdAt: "2026-11-22T02:00:03.123000Z",
  updatedAt: "2026-11-22T02:00:03.123000Z",
};

/** A location as the API shows it. */
export const locationSchema = z
  .object({
    name: z.string().describe("Unique, without regard to case."),
    version: z.int().describe("Counts the changes; it is the ETag."),
    groups: z.array(z.string()).describe("Ids of its groups, in their order."),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: "Location", examples: [exampleLocation] });

const name = line(scalarField("location").limit)
  .regex(locationNamePattern, "has letters and digits only, in words with one space between them")
  .describe("Letters and digits, in words with one space between them.");
const groups = z
  .array(z.string().normalize("NFC").regex(groupIdPattern, "can be no group's id"))
  .max(1000)
  .describe("Ids of groups.");

/** Body of POST /locations. */
export const newLocationSchema = z
  .strictObject({ name, groups: groups.default([]) })
  .meta({ id: "NewLocation", examples: [{ name: "North Campus", groups: ["CRS-0001"] }] });

/** Body of PATCH /locations/{name}. */
export const locationPatchSchema = z
  .strictObject({ name: name.optional(), groups: groups.optional() })
  .meta({ id: "LocationPatch", examples: [{ groups: ["CRS-0001", "CRS-0002"] }] });

export const locationParams = z.strictObject({
  name: z.string().max(1000).describe("The location's name, without regard to case."),
});

/** Query of GET /locations. */
export const locationFilter = z.strictObject(pageQuery);
