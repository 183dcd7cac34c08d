import { recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import { type Database, type Transaction, withOrganization } from "../store/database.ts";
import { asWriter } from "../store/organization-lock.ts";
import type { Executor } from "../store/statement.ts";
import { changedProperties } from "./changed-properties.ts";
import { expireDigests } from "./digests.ts";
import {
  type ListedLocation,
  type LocationDocument,
  locationProperties,
  readLocationPage,
  readLocations,
} from "./location-document.ts";
import { compareBytes, foldCase, timeText } from "./text.ts";

/** A new location. */
export interface NewLocation {
  readonly name: string;
  readonly groups: readonly string[];
}

/**
 * Locations in the order of their names in lower case, byte by byte.
 * @param page `after`: the name in lower case after which to begin
 * @returns at most `limit` + 1 of them, so that the caller knows whether there are more
 */
export const listLocations = (
  database: Database,
  organizationId: number,
  { after, limit }: { readonly after: string | undefined; readonly limit: number },
): Promise<ListedLocation[]> =>
  withOrganization(database, organizationId, (transaction) =>
    readLocationPage(transaction, organizationId, after ?? "", limit + 1),
  );

/**
 * One location.
 * @param name without regard to case
 * @throws MusterError not_found
 */
export const getLocation = (database: Database, organizationId: number, name: string): Promise<LocationDocument> =>
  withOrganization(database, organizationId, (transaction) => readLocation(transaction, organizationId, name));

/**
 * One location as the transaction sees it.
 * @param name without regard to case
 * @throws MusterError not_found
 */
export async function readLocation(
  executor: Executor,
  organizationId: number,
  name: string,
): Promise<LocationDocument> {
  const [location] = await readLocations(executor, organizationId, [name]);
  if (!location) throw noSuchLocation();
  return location;
}

/** The problem of a name that no location has. */
const noSuchLocation = () => new MusterError("not_found", "There is no such location.");

/** The problem of a name that another location has. */
export const nameTaken = () =>
  new MusterError(
    "conflict",
    "There is a location of this name already. Choose another name; upper and lower case make no difference.",
    {
      field: "name",
      errors: [{ field: "name", message: "is taken" }],
    },
  );

/**
 * Creates a location. Imports look at unchanged rows again afterwards: one may name the location.
 * @throws MusterError conflict when there is one of the name, request_invalid when a group doesn't exist
 */
export function createLocation(context: ChangeContext, wanted: NewLocation): Promise<LocationDocument> {
  const { database, queue, organizationId, actor, clock } = context;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const nameNormalized = foldCase(wanted.name);
    const groupIds = [...new Set(wanted.groups)].sort(compareBytes);
    await requireGroups(transaction, organizationId, wanted.groups);
    const at = clock();
    const records = await transaction.records();
    if (
      await records.location.findUnique({
        where: { organizationId_nameNormalized: { organizationId, nameNormalized } },
      })
    ) {
      throw nameTaken();
    }
    await records.location.create({
      data: { organizationId, nameNormalized, name: wanted.name, createdAt: at, updatedAt: at },
    });
    await attachGroups(transaction, organizationId, nameNormalized, groupIds);
    // Rows that name the location have a warning so far, and keep no digest.
    await expireDigests(transaction, organizationId, { affectsRows: false });
    const time = timeText(at);
    const location = { name: wanted.name, version: 1, groups: groupIds, createdAt: time, updatedAt: time };
    await recordChanges(transaction, organizationId, { actor }, [
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
  transaction: Transaction,
  organizationId: number,
  nameNormalized: string,
  groupIds: readonly string[],
): Promise<void> {
  const records = await transaction.records();
  await records.locationGroup.createMany({
    data: groupIds.map((groupId) => ({ organizationId, locationNormalized: nameNormalized, groupId })),
  });
}

/**
 * Makes sure that these are groups.
 * @throws MusterError request_invalid that names the unknown ones
 */
export async function requireGroups(
  transaction: Transaction,
  organizationId: number,
  groupIds: readonly string[],
): Promise<void> {
  const records = await transaction.records();
  const found = await records.group.findMany({
    where: { organizationId, groupId: { in: [...groupIds] } },
    select: { groupId: true },
  });
  const known = new Set(found.map(({ groupId }) => groupId));
  const errors = groupIds.flatMap((groupId, index) =>
    known.has(groupId) ? [] : [{ field: `groups.${index}`, message: "is not a group" }],
  );
  if (errors.length === 0) return;
  const field = errors[0]!.field;
  throw new MusterError("request_invalid", `Nothing was changed: ${field} is not a group.`, {
    field,
    errors: errors.slice(0, 20),
  });
}
