import { z } from "zod";
import type { ChangeContext } from "../organizations/organizations.ts";
import { asWriter } from "../store/organization-lock.ts";
import { findUntouchable, type MemberAuthority, mayGrant, notChangeable, notGrantable } from "./member-authority.ts";
import { addMembers, readRoles, removeMembers, requireGroup } from "./members.ts";
import { parseUserId } from "./users.ts";

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
  readonly add: readonly { readonly userId: string; readonly role: number }[];
  readonly remove: readonly string[];
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
  const { add, remove, errors } = sortOut(edit);
  return asWriter(database, queue, organizationId, async (transaction) => {
    await requireGroup(transaction, organizationId, groupId);
    const known = await readRoles(transaction, organizationId, groupId, [...add.keys(), ...remove.keys()]);
    const untouchable = await findUntouchable(transaction, organizationId, authority, [...known.keys()]);
    const reasonAgainst = ({ userId, role }: Item) => {
      if (!known.has(userId)) return unknownUser;
      if (untouchable.has(userId)) return notChangeable;
      return mayGrant(authority, role, known.get(userId) ?? null) ? undefined : notGrantable;
    };
    const isPossible = (item: Item) => reasonAgainst(item) === undefined;
    const coming = [...add.values()].filter(isPossible);
    const leaving = [...remove.values()].filter(isPossible);
    const impossible = [...add.values(), ...remove.values()].flatMap((item) => {
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

/** One item of an edit. */
interface Item {
  readonly userId: number;
  readonly role: number;
  /** The item's place: `add.0.userId`. */
  readonly field: string;
}

const unknownUser = "is not a user";

/** Leaves out impossible ids and repeated people: the first of several counts, and `add` before `remove`. */
function sortOut(
  edit: MembersEdit,
): Readonly<Record<"add" | "remove", Map<number, Item>>> & Pick<MembersEdited, "errors"> {
  const errors: MembersEdited["errors"][number][] = [];
  const seen = new Map<number, string>();
  const sort = (asked: readonly { readonly id: string; readonly role: number; readonly field: string }[]) => {
    const items = new Map<number, Item>();
    for (const { id, role, field } of asked) {
      const userId = parseUserId(id);
      const first = userId === undefined ? undefined : seen.get(userId);
      if (userId === undefined) errors.push({ field, message: unknownUser });
      else if (first !== undefined) errors.push({ field, message: `is the user of ${first}, which counts` });
      else {
        seen.set(userId, field);
        items.set(userId, { userId, role, field });
      }
    }
    return items;
  };
  const add = sort(edit.add.map(({ userId, role }, index) => ({ id: userId, role, field: `add.${index}.userId` })));
  const remove = sort(edit.remove.map((id, index) => ({ id, role: 0, field: `remove.${index}` })));
  return { add, remove, errors };
}
