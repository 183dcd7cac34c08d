import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { prepared, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { foldCase, timeText } from "./text.ts";

/** Letters and digits (file formats, section 7) in words with one space between them. */
export const locationNamePattern = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}]*( [\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*$/u;

const exampleLocation = {
  name: "North Campus",
  version: 1,
  groups: ["CRS-0001"],
  createdAt: "2026-11-22T02:00:03.123000Z",
  updatedAt: "2026-11-22T02:00:03.123000Z",
};

/** A location as the API shows it. Times are RFC 3339, UTC. */
export const locationSchema = z
  .object({
    name: z.string().describe("Unique, without regard to case."),
    version: z.int().describe("Counts the changes; it is the ETag."),
    groups: z.array(z.string()).describe("Ids of its groups, in their order."),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: "Location", examples: [exampleLocation] });

export type LocationDocument = z.infer<typeof locationSchema>;

/** The properties whose changes the log tells. */
export const locationProperties = ["name", "groups"] as const satisfies readonly (keyof LocationDocument)[];

const storedLocationRow = z.object({
  nameNormalized: z.string(),
  name: z.string(),
  version: z.coerce.number(),
  createdAt: z.date(),
  updatedAt: z.date(),
  groups: z.array(z.string()),
});
/** A location as stored, with the ids of its groups in their order. */
type StoredLocation = z.infer<typeof storedLocationRow>;

/** Shows a stored location. */
function locationDocument({ name, version, groups, createdAt, updatedAt }: StoredLocation): LocationDocument {
  return { name, version, groups, createdAt: timeText(createdAt), updatedAt: timeText(updatedAt) };
}

/** A select of stored locations, to which a condition and an order may be added. */
const storedLocations = (organizationId: number): Sql => sql`
  select name_normalized as "nameNormalized", name, version, created_at as "createdAt", updated_at as "updatedAt",
    array(select group_id from location_groups
      where organization_id = ${organizationId} and location_normalized = name_normalized order by group_id) as groups
  from locations where organization_id = ${organizationId}`;

/**
 * Locations in the order of their names in lower case.
 * @param names without regard to case; unknown ones are passed over
 */
export async function readLocations(
  executor: Executor,
  organizationId: number,
  names: readonly string[],
): Promise<LocationDocument[]> {
  const rows = await selectRows(executor, storedLocationRow, prepared(locationsNamed(organizationId, names)));
  return rows.map(locationDocument);
}

/** The statement of `readLocations`. */
export function locationsNamed(organizationId: number, names: readonly string[]): Sql {
  const normalized = names.map((name) => foldCase(name.normalize("NFC")));
  return sql`${storedLocations(organizationId)} and name_normalized = any(${normalized}::text[]) order by name_normalized`;
}

/** A location with the name that sorts it. */
export interface ListedLocation {
  readonly normalized: string;
  readonly location: LocationDocument;
}

/**
 * A page of locations in the order of their names in lower case, byte by byte.
 * @param after the name in lower case after which the page begins
 */
export async function readLocationPage(
  executor: Executor,
  organizationId: number,
  after: string,
  limit: number,
): Promise<ListedLocation[]> {
  const rows = await selectRows(executor, storedLocationRow, prepared(locationsAfter(organizationId, after, limit)));
  return rows.map((row) => ({ normalized: row.nameNormalized, location: locationDocument(row) }));
}

/** The statement of `readLocationPage`. */
export const locationsAfter = (organizationId: number, after: string, limit: number): Sql =>
  sql`${storedLocations(organizationId)} and name_normalized > ${after} order by name_normalized limit ${limit}`;
