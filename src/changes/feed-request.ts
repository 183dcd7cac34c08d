import type { ChangesFrame } from "./change-text.ts";

/** The kinds of things whose changes the feed tells. */
export const changeTypes = [
  "user",
  "group",
  "location",
  "topic",
  "membershipRequest",
  "permission",
  "import",
  "source",
  "organization",
  "optOut",
] as const;
export type ChangeType = (typeof changeTypes)[number];

/** Origins of a change: a source's import, an edit by hand, or the person's own registration. */
export const changeOrigins = ["source", "manual", "self-registered"] as const;
export type ChangeOrigin = (typeof changeOrigins)[number];

/**
 * A place in an organization's log: after this change. The time ties it to this log: after a restored backup, the number
 * alone could belong to another change.
 */
export interface FeedPosition {
  /** 0: before the first change. */
  readonly sequence: number;
  /** Of that change, RFC 3339 with microseconds; the epoch before the first one. */
  readonly at: string;
}

/** The changes that a reader wants. All given conditions have to apply. */
export interface FeedFilter {
  readonly types?: readonly ChangeType[] | undefined;
  /** Changes of the group itself, of its members and memberships, of its topics and of the requests to join it. */
  readonly groupId?: string | undefined;
  /** Names of sources whose imports are left out. */
  readonly excludeSources?: readonly string[] | undefined;
  /** Actors whose changes are left out, e.g. `api-key:sync`. */
  readonly excludeActors?: readonly string[] | undefined;
  readonly origins?: readonly ChangeOrigin[] | undefined;
  /** Id of the import that made the changes. The organization has to have it. */
  readonly importId?: string | undefined;
}

/** The request of a reader. Times are RFC 3339 with at most microseconds. */
export interface FeedRequest {
  /** The place to continue from. Without it and `since`, the feed begins at the start of the log. */
  readonly after?: FeedPosition | undefined;
  /** Only changes after this time. Not with `after`. */
  readonly since?: string | undefined;
  /** Only changes up to this time, it included. */
  readonly until?: string | undefined;
  readonly filter: FeedFilter;
  /** Folds several changes of one thing on the page into one. */
  readonly latest: boolean;
  /** Most changes of a page. */
  readonly limit: number;
  /** The text around the changes. */
  readonly frame: ChangesFrame;
}
