import { z } from "zod";
import { groupIdPattern } from "../../directory/group-codes.ts";
import { locationNamePattern } from "../../directory/location-document.ts";
import { line } from "../../directory/text.ts";
import { scalarField } from "../../person/fields.ts";
import { pageQuery } from "../contract/paging.ts";

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
