import { z } from "zod";
import type { ChangeContext } from "../organizations/organizations.ts";
import type { Transaction } from "../store/database.ts";
import { asWriter } from "../store/organization-lock.ts";
import { findUntouchable, type MemberAuthority, mayGrant, notChangeable, notGrantable } from "./member-authority.ts";
import { addMembers, type MemberToAdd, readRoles, removeMembers, requireGroup } from "./members.ts";
import { type Identified, identifyPeople, type PersonName, propertyOf, unknownUser } from "./person-names.ts";

const exampleEdited = {
  added: 2,
  roleChanged: 0,
  removed: 0,
  unchanged: 0,
  errors: [{ field: "remove.0", message: "is not a user" }],
};

/** The outcome of an edit of many members. */
export const membersEditedSchema = z
  .object({
    added: z.int().describe("People who belong to the group now and did not."),
    roleChanged: z.int().describe("Members who have another role now."),
    removed: z.int().describe("People who belonged to the group and do not any more."),
    unchanged: z.int().describe("People for whom nothing changed: members in that role, or no members to begin with."),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .describe("Items that were left out: unknown people, and people who appear twice. All others are applied."),
  })
  .meta({ id: "MembersEdited", examples: [exampleEdited] });
export type MembersEdited = z.infer<typeof membersEditedSchema>;

/** The people who are to come into a group, and those who are to leave it. */
export interface MembersEdit {
  /** Without a role, members keep theirs. */
  readonly add: readonly (PersonName & { readonly role?: number | undefined })[];
  /** An id, or another name of a person. */
  readonly remove: readonly (string | PersonName)[];
}

/**
 * Adds many people to a group and removes others, as `putMember` and `removeMember` do. Items that cannot be applied are left
 * out and reported, all others are applied.
 * @throws MusterError not_found when there is no such group, organization_busy
 */
export function editMembers(
  context: ChangeContext,
  groupId: string,
  edit: MembersEdit,
  authority: MemberAuthority = "organization",
): Promise<MembersEdited> {
  const { database, queue, organizationId } = context;
  return asWriter(database, queue, organizationId, async (transaction) => {
    await requireGroup(transaction, organizationId, groupId);
    const { add, remove, errors } = sortOut(await identify(transaction, organizationId, edit));
    const known = await readRoles(
      transaction,
      organizationId,
      groupId,
      [...add, ...remove].map(({ userId }) => userId),
    );
    const untouchable = await findUntouchable(transaction, organizationId, authority, [...known.keys()]);
    const reasonAgainst = ({ userId, role }: Item) => {
      const held = known.get(userId);
      if (held === undefined) return unknownUser;
      if (untouchable.has(userId)) return notChangeable;
      return mayGrant(authority, role ?? held ?? 0, held) ? undefined : notGrantable;
    };
    const isPossible = (item: Item) => reasonAgainst(item) === undefined;
    const coming = add.filter(isPossible);
    const leaving = remove.filter(isPossible);
    const impossible = [...add, ...remove].flatMap((item) => {
      const message = reasonAgainst(item);
      return message === undefined ? [] : [{ field: item.field, message }];
    });
    const leavingIds = leaving.map(({ userId }) => userId);
    const removed = await removeMembers(transaction, context, groupId, leavingIds);
    const changed = await addMembers(transaction, context, groupId, coming);
    const added = coming.filter(({ userId }) => known.get(userId) === null).length;
    return {
      added,
      roleChanged: changed.memberships - added,
      removed: removed.memberships,
      unchanged: coming.length + leaving.length - changed.memberships - removed.memberships,
      errors: [...errors, ...impossible],
    };
  });
}

/** An item of an edit before its person is known to be one. */
interface NamedItem {
  readonly person: Identified;
  readonly role: number | undefined;
  /** The item's place: `add.0.userId`. */
  readonly field: string;
}

/** One item of an edit. */
interface Item extends MemberToAdd {
  readonly field: string;
}

/** Finds the people whom the items name. */
async function identify(
  transaction: Transaction,
  organizationId: number,
  { add, remove }: MembersEdit,
): Promise<Readonly<Record<keyof MembersEdit, readonly NamedItem[]>>> {
  const leaving = remove.map((item): PersonName => (typeof item === "string" ? { userId: item } : item));
  const people = await identifyPeople(transaction, organizationId, [...add, ...leaving]);
  return {
    add: add.map((item, index) => ({
      person: people[index]!,
      role: item.role,
      field: `add.${index}.${propertyOf(item)}`,
    })),
    remove: leaving.map((item, index) => ({
      person: people[add.length + index]!,
      role: undefined,
      field: typeof remove[index] === "string" ? `remove.${index}` : `remove.${index}.${propertyOf(item)}`,
    })),
  };
}

/** Leaves out unknown and repeated people: the first of several counts, and `add` before `remove`. */
function sortOut(
  named: Readonly<Record<keyof MembersEdit, readonly NamedItem[]>>,
): Readonly<Record<keyof MembersEdit, Item[]>> & Pick<MembersEdited, "errors"> {
  const errors: MembersEdited["errors"] = [];
  const seen = new Map<number, string>();
  const sort = (items: readonly NamedItem[]) =>
    items.flatMap(({ person, role, field }): Item[] => {
      const first = typeof person === "number" ? seen.get(person) : undefined;
      if (typeof person === "string") errors.push({ field, message: person });
      else if (first !== undefined) errors.push({ field, message: `is the user of ${first}, which counts` });
      else {
        seen.set(person, field);
        return [{ userId: person, role, field }];
      }
      return [];
    });
  return { add: sort(named.add), remove: sort(named.remove), errors };
}
