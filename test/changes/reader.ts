import assert from "node:assert/strict";
import type { TestApp } from "../support/app.ts";

/** A change, as the feed tells it. */
export interface FeedChange {
  readonly sequence: number;
  readonly at: string;
  readonly type: string;
  readonly action: "created" | "updated" | "deleted";
  readonly id: string;
  readonly databaseId: string | null;
  readonly username: string | null;
  readonly source: string | null;
  readonly actor: string;
  readonly changed: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  readonly memberships: readonly {
    readonly groupId: string;
    readonly role: { readonly from: number | null; readonly to: number | null };
  }[];
}

/** An answer of the feed. */
export interface FeedAnswer {
  readonly changes: FeedChange[];
  readonly cursor: string;
  readonly until: string;
  readonly hasMore: boolean;
  readonly complete?: boolean;
}

/** Reads one page, which must succeed. */
export async function readPage(
  app: TestApp,
  query: Readonly<Record<string, string | number | undefined>> = {},
): Promise<FeedAnswer> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  const answer = await app.inject({ url: `/v1/changes?${parameters}` });
  assert.equal(answer.status, 200, answer.body);
  return answer.json;
}

/** Follows the feed from a cursor, or the start, to its end, page by page. */
export async function follow(
  app: TestApp,
  query: Readonly<Record<string, string | number | undefined>> = {},
): Promise<FeedAnswer & { readonly pages: number }> {
  const changes: FeedChange[] = [];
  let { cursor, ...filter } = query as { cursor?: string };
  for (let pages = 1; ; pages += 1) {
    const page = await readPage(app, { ...filter, cursor });
    changes.push(...page.changes);
    if (!page.hasMore) return { ...page, changes, pages };
    assert.notEqual(page.cursor, cursor, "a page that is not the last moves on");
    cursor = page.cursor;
    filter = Object.fromEntries(Object.entries(filter).filter(([name]) => name !== "since"));
  }
}

/** A copy of things that follows the feed without asking back: what it knows by id, as the properties were told. */
export function applyChanges(copy: Map<string, Record<string, unknown>>, changes: readonly FeedChange[]): void {
  for (const { action, id, changed, memberships } of changes) {
    if (action === "deleted") {
      copy.delete(id);
      continue;
    }
    const known = action === "created" ? {} : (copy.get(id) ?? {});
    const roles = new Map(Object.entries((known.memberships ?? {}) as Record<string, number>));
    for (const { groupId, role } of memberships) {
      if (role.to === null) roles.delete(groupId);
      else roles.set(groupId, role.to);
    }
    const values = Object.entries(changed).map(([name, { to }]) => [name, to]);
    copy.set(id, { ...known, ...Object.fromEntries(values), memberships: Object.fromEntries(roles) });
  }
}

/** A copy in a form that can be compared: blank values are as good as none. */
export function comparable(copy: ReadonlyMap<string, Readonly<Record<string, unknown>>>): unknown {
  const isBlank = (value: unknown) => ["null", '""', "[]", "{}", "false"].includes(JSON.stringify(value ?? null));
  return [...copy]
    .map(([id, values]) => [
      id,
      Object.entries(values)
        .filter(([, value]) => !isBlank(value))
        .sort(([one], [other]) => (one < other ? -1 : 1)),
    ])
    .sort(([one], [other]) => (String(one) < String(other) ? -1 : 1));
}
