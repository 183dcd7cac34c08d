/** The rights over pending items: pure, cell by cell. */

import type { Capability } from "../organizations/role-capabilities.ts";
import type { Service } from "../organizations/services.ts";

/** The result of submitting a topic. */
export type Submission = "published" | "pending" | "forbidden";

const openDiscussion = 1;

/**
 * Decides the status of a submitted topic. A person with the right to publish publishes at once. A member's topic waits
 * if the group is for announcements or has post approval.
 * @param capabilities of the author in the group
 */
export function submissionOf(
  capabilities: readonly Capability[],
  group: { readonly type: number; readonly postApproval: boolean },
): Submission {
  if (capabilities.includes("publish")) return "published";
  if (!capabilities.includes("submit")) return "forbidden";
  return group.type === openDiscussion && !group.postApproval ? "published" : "pending";
}

/** The result of a request to join a group. */
export type Joining = "approved" | "pending" | "already_member" | "unknown_group";

const publicGroup = 1;
const secretGroup = 3;

/**
 * Decides the status of a request to join. Public groups accept everybody, private groups ask, and secret groups look
 * unknown to people who are not members.
 * @param role the person's role in the group; null: the person does not belong to it
 */
export function joiningOf(group: { readonly privacy: number }, role: number | null): Joining {
  if (role !== null) return "already_member";
  if (group.privacy === secretGroup) return "unknown_group";
  return group.privacy === publicGroup ? "approved" : "pending";
}

/** A person's relation to a group, as far as it matters for reading topics. */
export interface Reader {
  /** The role in the group; null: none. */
  readonly role: number | null;
  readonly capabilities: readonly Capability[];
}

/** Which topics of a group somebody may read: published topics, and unpublished topics of others. */
export interface ReadableTopics {
  readonly published: boolean;
  readonly unpublished: boolean;
}

/**
 * Which topics of a group that they may see somebody may read, beside their own. What is published in a private group is
 * for those who belong to it; what is not published, for those who decide.
 */
export function readableTopics(group: { readonly privacy: number }, { role, capabilities }: Reader): ReadableTopics {
  const decides = capabilities.includes("decide");
  return { published: decides || role !== null || group.privacy === publicGroup, unpublished: decides };
}

/** The types of pending items. */
export const pendingTypes = ["topic", "membership", "import"] as const;
export type PendingType = (typeof pendingTypes)[number];

/** The actions on a pending item. */
export const pendingActions = ["approve", "reject", "withdraw"] as const;
export type PendingAction = (typeof pendingActions)[number];

/** A signed-in person's relation to a pending item. */
export interface Asker {
  /** In the item's group; of an import: whether they are network administrator. */
  readonly decides: boolean;
  readonly administers: boolean;
  /** True if the topic or request is their own, or if they sent the import. */
  readonly isOwn: boolean;
}

/**
 * Returns what a person may do with a waiting item. Deciders may decide about their own items, too: they could publish
 * directly anyway. Imports are different: nobody approves an import that they sent.
 */
export function actionsOfPerson(type: PendingType, { decides, administers, isOwn }: Asker): readonly PendingAction[] {
  const mayWithdraw = type === "topic" ? isOwn || administers : type === "membership" && isOwn;
  const mayApprove = decides && !(type === "import" && isOwn);
  return [
    ...(mayApprove ? (["approve"] as const) : []),
    ...(decides ? (["reject"] as const) : []),
    ...(mayWithdraw ? (["withdraw"] as const) : []),
  ];
}

/**
 * Returns what an API key may do with a waiting item. Deciding takes the service `approvals`; a key that may import may not
 * approve imports; withdrawing, for who asked, takes `groups`.
 */
export function actionsOfKey(type: PendingType, services: readonly Service[]): readonly PendingAction[] {
  const has = (service: Service) => services.includes(service) || services.includes("admin");
  const mayApprove = has("approvals") && (type !== "import" || mayApproveImports(services));
  return [
    ...(mayApprove ? (["approve"] as const) : []),
    ...(has("approvals") ? (["reject"] as const) : []),
    ...(has("groups") && type !== "import" ? (["withdraw"] as const) : []),
  ];
}

/** A key that may import must not approve imports. */
export const mayApproveImports = (services: readonly Service[]): boolean =>
  services.includes("approvals") && !services.includes("import") && !services.includes("admin");
