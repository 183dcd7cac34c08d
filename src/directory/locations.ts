import { recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import { type Database, type Executor, withOrganization } from "../store/database.ts";
import type { Location, Prisma } from "../store/generated/client.ts";
import { asWriter } from "../store/organization-lock.ts";
import { changedProperties } from "./changed-properties.ts";
import { compareBytes, foldCase, timeText } from "./text.ts";

/** A location as the API shows it. */
export interface LocationDocument {
  /** Compared without regard to case. */
  readonly name: string;
  readonly version: number;
  /** Ids of its groups, byte by byte in their order. */
  readonly groups: readonly string[];
  /** RFC 3339, UTC; so is `updatedAt`. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A new location. */
export interface NewLocation {
  readonly name: string;
  readonly groups: readonly string[];
}

/** Letters and digits (file formats, section 7) in words with one space between them. */
export const locationNamePattern = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}]*( [\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*$/u;

/** A location with the name that sorts it. */
export interface ListedLocation {
  readonly normalized: string;
  readonly location: LocationDocument;
}

/**
 * Locations in the order of their names in lower case, byte by byte.
 * @param page `after`: the name in lower case after which to begin
 * @returns at most `limit` + 1 of them, so that the caller knows whether there are more
 */
export function listLocations(
  database: Database,
  organizationId: number,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<ListedLocation[]> {
  return withOrganization(database, organizationId, async (transaction) => {
    const records = await transaction.records();
    const locations = await records.location.findMany({
      where: { organizationId, ...(page.after === undefined ? {} : { nameNormalized: { gt: page.after } }) },
      orderBy: { nameNormalized: "asc" },
      take: page.limit + 1,
    });
    const groups = await groupsOf(records, organizationId, locations);
    return locations.map((location) => ({
      normalized: location.nameNormalized,
      location: locationDocument(location, groups.get(location.nameNormalized) ?? []),
    }));
  });
}

/**
 * One location.
 * @param name without regard to case
 * @throws MusterError not_found
 */
export async function getLocation(database: Database, organizationId: number, name: string): Promise<LocationDocument> {
  const nameNormalized = foldCase(name.normalize("NFC"));
  const found = await withOrganization(database, organizationId, async (transaction) => {
    const records = await transaction.records();
    const where = { organizationId_nameNormalized: { organizationId, nameNormalized } };
    const location = await records.location.findUnique({ where });
    return location && { location, groups: await groupsOf(records, organizationId, [location]) };
  });
  if (!found) throw noSuchLocation();
  return locationDocument(found.location, found.groups.get(nameNormalized) ?? []);
}

/**
 * Locations as the lock's holder sees them, in the order of their names in lower case.
 * @param names without regard to case; unknown ones are passed over
 */
export async function readLocations(
  executor: Executor,
  organizationId: number,
  names: readonly string[],
): Promise<LocationDocument[]> {
  const { rows } = await executor.query<StoredLocation & { groups: string[] }>(
    `select name, version, created_at as "createdAt", updated_at as "updatedAt", array(
       select group_id from location_groups
       where organization_id = $1 and location_normalized = name_normalized order by group_id) as groups
     from locations where organization_id = $1 and name_normalized = any($2::text[]) order by name_normalized`,
    [organizationId, names.map((name) => foldCase(name.normalize("NFC")))],
  );
  return rows.map((location) => locationDocument(location, location.groups));
}

/** The properties whose changes the log tells. */
export const locationProperties = ["name", "groups"] as const satisfies readonly (keyof LocationDocument)[];

/** The problem of a name that is no location's. */
export const noSuchLocation = () => new MusterError("not_found", "There is no such location.");

/** The problem of a name that is another location's. */
export const nameTaken = () =>
  new MusterError("conflict", "There is a location of this name already; upper and lower case make no difference.", {
    field: "name",
    errors: [{ field: "name", message: "is taken" }],
  });

async function groupsOf(
  records: Prisma.TransactionClient,
  organizationId: number,
  locations: readonly Location[],
): Promise<Map<string, string[]>> {
  const links = await records.locationGroup.findMany({
    where: { organizationId, locationNormalized: { in: locations.map(({ nameNormalized }) => nameNormalized) } },
    orderBy: { groupId: "asc" },
  });
  const groups = new Map<string, string[]>();
  for (const { locationNormalized, groupId } of links) {
    const list = groups.get(locationNormalized);
    if (list) list.push(groupId);
    else groups.set(locationNormalized, [groupId]);
  }
  return groups;
}

/**
 * Creates a location. Imports look at unchanged rows again afterwards: one may name the location.
 * @throws MusterError conflict when there is one of the name, request_invalid when a group doesn't exist
 */
export function createLocation(context: ChangeContext, wanted: NewLocation): Promise<LocationDocument> {
  const { database, queue, organizationId, actor, clock } = context;
  return asWriter(database, queue, organizationId, async (client) => {
    const nameNormalized = foldCase(wanted.name);
    const groupIds = [...new Set(wanted.groups)].sort(compareBytes);
    await requireGroups(client, organizationId, wanted.groups);
    const at = clock();
    const { rowCount } = await client.query(
      `insert into locations (organization_id, name_normalized, name, created_at, updated_at)
       values ($1, $2, $3, $4, $4) on conflict do nothing`,
      [organizationId, nameNormalized, wanted.name, at],
    );
    if (rowCount === 0) throw nameTaken();
    await attachGroups(client, organizationId, nameNormalized, groupIds);
    await client.query("update organizations set rules_epoch = rules_epoch + 1 where id = $1", [organizationId]);
    const time = timeText(at);
    const location = { name: wanted.name, version: 1, groups: groupIds, createdAt: time, updatedAt: time };
    await recordChanges(client, organizationId, { actor }, [
      {
        type: "location",
        action: "created",
        id: location.name,
        changed: changedProperties(null, location, locationProperties),
      },
    ]);
    return location;
  });
}

/**
 * Gives a location groups that it doesn't have.
 * @param nameNormalized the location's name in lower case
 */
export async function attachGroups(
  executor: Executor,
  organizationId: number,
  nameNormalized: string,
  groupIds: readonly string[],
): Promise<void> {
  await executor.query(
    `insert into location_groups (organization_id, location_normalized, group_id)
     select $1, $2, group_id from unnest($3::text[]) group_id`,
    [organizationId, nameNormalized, groupIds],
  );
}

/**
 * Makes sure that these are groups.
 * @throws MusterError request_invalid that names those which are none
 */
export async function requireGroups(
  executor: Executor,
  organizationId: number,
  groupIds: readonly string[],
): Promise<void> {
  const { rows } = await executor.query<{ groupId: string }>(
    `select group_id as "groupId" from groups where organization_id = $1 and group_id = any ($2::text[])`,
    [organizationId, groupIds],
  );
  const known = new Set(rows.map(({ groupId }) => groupId));
  const errors = groupIds.flatMap((groupId, index) =>
    known.has(groupId) ? [] : [{ field: `groups.${index}`, message: "is no group" }],
  );
  if (errors.length === 0) return;
  const field = errors[0]!.field;
  throw new MusterError("request_invalid", `Nothing was changed: ${field} is no group.`, {
    field,
    errors: errors.slice(0, 20),
  });
}

type StoredLocation = Pick<Location, "name" | "createdAt" | "updatedAt"> & { readonly version: bigint | number };

function locationDocument(location: StoredLocation, groups: readonly string[]): LocationDocument {
  const { name, version, createdAt, updatedAt } = location;
  return {
    name,
    version: Number(version),
    groups,
    createdAt: timeText(createdAt),
    updatedAt: timeText(updatedAt),
  };
}
