import { type ChangeEntry, recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import type { Transaction } from "../store/database.ts";
import { asWriter } from "../store/organization-lock.ts";
import type { Executor } from "../store/statement.ts";
import { changedProperties } from "./changed-properties.ts";
import { expireDigests } from "./digests.ts";
import { deleteLocations, moveUsers } from "./dissolve-locations.ts";
import { type LocationDocument, locationProperties, readLocations } from "./location-document.ts";
import { attachGroups, nameTaken, readLocation, requireGroups } from "./locations.ts";
import { compareBytes, foldCase, timeText } from "./text.ts";

/** The wanted values of a location. Absent ones stay. */
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
  return asWriter(database, queue, organizationId, async (transaction) => {
    const before = await readLocation(transaction, organizationId, name);
    checkVersion(before.version);
    if (patch.groups) await requireGroups(transaction, organizationId, patch.groups);
    const groups = patch.groups ? [...new Set(patch.groups)].sort(compareBytes) : before.groups;
    const wanted: LocationDocument = { ...before, name: patch.name ?? before.name, groups };
    const changed = changedProperties(before, wanted, locationProperties);
    if (Object.keys(changed).length === 0) return before;
    if (changed.name) await requireRenamable(transaction, organizationId, before, wanted);
    const at = clock();
    const after = { ...wanted, version: before.version + 1, updatedAt: timeText(at) };
    await writeLocation(transaction, organizationId, before, after, at);
    await expireDigests(transaction, organizationId, { affectsRows: changed.name !== undefined });
    // Readers of the log know the location by its former name.
    const entry: ChangeEntry = { type: "location", action: "updated", id: before.name, changed };
    await recordChanges(transaction, organizationId, { actor }, [entry]);
    if (changed.name) await moveUsers(transaction, organizationId, [before.name], after.name, { actor }, at);
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
  return asWriter(database, queue, organizationId, async (transaction) => {
    checkVersion((await readLocation(transaction, organizationId, name)).version);
    await deleteLocations(transaction, organizationId, [name], { actor }, clock());
  });
}

/** The most groups that a message names. */
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
    const detail = `A location with groups keeps its name, and ${before.name} has ${named.join(", ")}. Nothing was changed. Take the groups away first.`;
    const errors = [{ field: "name", message: "cannot be changed while the location has groups" }];
    throw new MusterError("conflict", detail, { field: "name", errors });
  }
  if (foldCase(wanted.name) === foldCase(before.name)) return;
  if ((await readLocations(executor, organizationId, [wanted.name])).length > 0) throw nameTaken();
}

/** Writes a location. Links hold the name: those that go, go before it changes, and new ones come afterwards. */
async function writeLocation(
  transaction: Transaction,
  organizationId: number,
  before: LocationDocument,
  after: LocationDocument,
  at: Date,
): Promise<void> {
  const [from, to] = [foldCase(before.name), foldCase(after.name)];
  const records = await transaction.records();
  await records.locationGroup.deleteMany({
    where: { organizationId, locationNormalized: from, groupId: { notIn: [...after.groups] } },
  });
  await records.location.update({
    where: { organizationId_nameNormalized: { organizationId, nameNormalized: from } },
    data: { nameNormalized: to, name: after.name, version: { increment: 1 }, updatedAt: at },
  });
  const known = new Set(before.groups);
  const coming = after.groups.filter((groupId) => !known.has(groupId));
  await attachGroups(transaction, organizationId, to, coming);
}
