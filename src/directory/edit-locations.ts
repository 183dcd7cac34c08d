import { type ChangeEntry, recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import type { Executor } from "../store/database.ts";
import { asWriter } from "../store/organization-lock.ts";
import { changedProperties } from "./changed-properties.ts";
import { deleteLocations, moveUsers } from "./dissolve-locations.ts";
import {
  attachGroups,
  type LocationDocument,
  locationProperties,
  nameTaken,
  noSuchLocation,
  readLocations,
  requireGroups,
} from "./locations.ts";
import { compareBytes, foldCase, timeText } from "./text.ts";

/** What is to become of a location: what is absent stays. */
export interface LocationPatch {
  readonly name?: string | undefined;
  readonly groups?: readonly string[] | undefined;
}

/** Throws when the stored version is not the one that the caller knows. */
type CheckVersion = (version: number) => void;

/**
 * Changes a location; a patch that changes nothing writes nothing. A location with groups keeps its name (file formats,
 * section 7), to the letter; who is at one that gets another name is there under the new name. Imports look at
 * unchanged rows again afterwards.
 * @param name of the location, without regard to case
 * @throws MusterError not_found, organization_busy
 * @throws MusterError conflict when the location has groups and would be renamed, or the name is another one's
 * @throws MusterError request_invalid when a group doesn't exist
 */
export function updateLocation(
  context: ChangeContext,
  name: string,
  patch: LocationPatch,
  checkVersion: CheckVersion,
): Promise<LocationDocument> {
  const { database, queue, organizationId, actor, clock } = context;
  return asWriter(database, queue, organizationId, async (client) => {
    const before = await readLocation(client, organizationId, name);
    checkVersion(before.version);
    if (patch.groups) await requireGroups(client, organizationId, patch.groups);
    const groups = patch.groups ? [...new Set(patch.groups)].sort(compareBytes) : before.groups;
    const wanted: LocationDocument = { ...before, name: patch.name ?? before.name, groups };
    const changed = changedProperties(before, wanted, locationProperties);
    if (Object.keys(changed).length === 0) return before;
    if (changed.name) await requireRenamable(client, organizationId, before, wanted);
    const at = clock();
    const after = { ...wanted, version: before.version + 1, updatedAt: timeText(at) };
    await writeLocation(client, organizationId, before, after, at);
    await client.query("update organizations set rules_epoch = rules_epoch + 1 where id = $1", [organizationId]);
    // Whoever follows the log knows the location by the name that it had.
    const entry: ChangeEntry = { type: "location", action: "updated", id: before.name, changed };
    await recordChanges(client, organizationId, { actor }, [entry]);
    if (changed.name) await moveUsers(client, organizationId, [before.name], after.name, { actor }, at);
    return after;
  });
}

/**
 * Deletes a location; its groups and the people stay, and are at no location any more.
 * @param name without regard to case
 * @throws MusterError not_found, organization_busy
 */
export function deleteLocation(context: ChangeContext, name: string, checkVersion: CheckVersion): Promise<void> {
  const { database, queue, organizationId, actor, clock } = context;
  return asWriter(database, queue, organizationId, async (client) => {
    checkVersion((await readLocation(client, organizationId, name)).version);
    await deleteLocations(client, organizationId, [name], { actor }, clock());
  });
}

async function readLocation(executor: Executor, organizationId: number, name: string): Promise<LocationDocument> {
  const [location] = await readLocations(executor, organizationId, [name]);
  if (!location) throw noSuchLocation();
  return location;
}

/** How many groups a message names. */
const mostNamed = 10;

/** A location may lose its groups and be renamed, or be renamed and get groups, with one patch: but one of the two. */
async function requireRenamable(
  executor: Executor,
  organizationId: number,
  before: LocationDocument,
  wanted: LocationDocument,
): Promise<void> {
  if (before.groups.length > 0 && wanted.groups.length > 0) {
    const { groups } = before;
    const named = groups.length <= mostNamed ? groups : [...groups.slice(0, mostNamed), "…"];
    const detail = `A location with groups keeps its name, and ${before.name} has ${named.join(", ")}. Nothing was changed; take the groups away first.`;
    const errors = [{ field: "name", message: "cannot be changed while the location has groups" }];
    throw new MusterError("conflict", detail, { field: "name", errors });
  }
  if (foldCase(wanted.name) === foldCase(before.name)) return;
  if ((await readLocations(executor, organizationId, [wanted.name])).length > 0) throw nameTaken();
}

async function writeLocation(
  executor: Executor,
  organizationId: number,
  before: LocationDocument,
  after: LocationDocument,
  at: Date,
): Promise<void> {
  const [from, to] = [foldCase(before.name), foldCase(after.name)];
  // Links hold the name: those that go, go before it changes, and those that come, come after.
  await executor.query(
    "delete from location_groups where organization_id = $1 and location_normalized = $2 and group_id <> all ($3::text[])",
    [organizationId, from, after.groups],
  );
  await executor.query(
    `update locations set name_normalized = $3, name = $4, version = version + 1, updated_at = $5
     where organization_id = $1 and name_normalized = $2`,
    [organizationId, from, to, after.name, at],
  );
  const known = new Set(before.groups);
  const coming = after.groups.filter((groupId) => !known.has(groupId));
  await attachGroups(executor, organizationId, to, coming);
}
