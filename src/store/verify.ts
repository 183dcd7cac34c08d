import sql, { type Sql } from "sql-template-tag";
import { identifier } from "./sql.ts";
import type { Executor } from "./statement.ts";

/** A rule of the stored state, and the statement that lists its violations: organization and subject. */
interface Rule {
  readonly rule: string;
  readonly violations: Sql;
}

/** A violation of a rule. */
export interface Violation {
  readonly rule: string;
  readonly organizationId: number;
  /** The thing that is wrong, by its identifiers; no personal data. */
  readonly subject: string;
}

const withoutParent = (child: string, key: Sql, parent: string, condition: Sql): Rule => ({
  rule: `${child} belong to existing ${parent}`,
  violations: sql`
    select child.organization_id, ${key} as subject from ${identifier(child)} child
    where not exists (select from ${identifier(parent)} parent where parent.organization_id = child.organization_id and ${condition})`,
});

const ofUser = (child: string) =>
  withoutParent(child, sql`'user ' || child.user_id`, "users", sql`parent.id = child.user_id`);

/**
 * Every rule that no key or check of the database keeps, so that bulk loads stay fast
 * (docs/decisions/003-foreign-keys.md).
 */
const rules: readonly Rule[] = [
  ofUser("user_emails"),
  ofUser("user_phones"),
  ofUser("memberships"),
  ofUser("user_sources"),
  withoutParent("memberships", sql`'group ' || child.group_id`, "groups", sql`parent.group_id = child.group_id`),
  withoutParent("user_sources", sql`'source ' || child.source`, "sources", sql`parent.number = child.source`),
  {
    rule: "a primary e-mail is not among the further ones",
    violations: sql`
      select u.organization_id, 'user ' || u.id as subject
      from users u join user_emails e on e.organization_id = u.organization_id and e.user_id = u.id
      where u.email_normalized is null or e.email_normalized = u.email_normalized`,
  },
  {
    rule: "an address and its compared form come together",
    violations: sql`
      select organization_id, 'user ' || id as subject from users
      where (email is null) <> (email_normalized is null) or (username is null) <> (username_normalized is null)`,
  },
  {
    rule: "a person is linked to a source exactly if the source claims them",
    violations: sql`
      select u.organization_id, 'user ' || u.id || ', source ' || s.number as subject
      from users u
      join sources s on s.organization_id = u.organization_id
      left join user_sources us on us.organization_id = u.organization_id and us.user_id = u.id and us.source = s.number
      where (us.user_id is not null) <> ((u.claims >> s.number) & 1 = 1)`,
  },
  {
    rule: "the location of a user exists, in the spelling of the location",
    violations: sql`
      select u.organization_id, 'user ' || u.id as subject from users u
      where u.location is not null
        and not exists (select from locations l where l.organization_id = u.organization_id and l.name = u.location)`,
  },
  {
    rule: "the numbers of the change log are contiguous, from the pruned part to the head",
    violations: sql`
      select h.organization_id, 'changes' as subject
      from feed_heads h
      left join lateral (
        select max(sequence) as last, count(*) as count, min(sequence) as first
        from changes c where c.organization_id = h.organization_id) log on true
      where coalesce(log.last, h.pruned_sequence) <> h.last_sequence
        or coalesce(log.first - 1, h.pruned_sequence) <> h.pruned_sequence
        or h.last_sequence - h.pruned_sequence <> log.count`,
  },
  {
    rule: "the times of the change log strictly increase",
    violations: sql`
      select organization_id, 'change ' || sequence as subject
      from (select organization_id, sequence, at, lag(at) over (partition by organization_id order by sequence) as before
            from changes) log
      where at <= before`,
  },
  {
    rule: "no pending item has become pointless",
    violations: sql`
      select h.organization_id, s.type || ' ' || s.id as subject
      from feed_heads h cross join lateral settled_items(h.organization_id) s`,
  },
  {
    rule: "a decided item has its decision, and a pending item has none",
    violations: sql`
      select i.organization_id, i.subject from (
        select organization_id, id, 'topic ' || id as subject, status = 'pending' as waits, status = 'published' as may_lack from topics
        union all
        select organization_id, id, 'membershipRequest ' || id, status = 'pending', false from membership_requests
      ) i
      where exists (select from decisions d where d.organization_id = i.organization_id and d.item_id = i.id) = i.waits
        and not (i.may_lack and not i.waits)`,
  },
  {
    rule: "no id of a user exceeds the last id given out",
    violations: sql`
      select h.organization_id, 'user ' || u.id as subject
      from feed_heads h join users u on u.organization_id = h.organization_id and u.id > h.last_user_id`,
  },
];

/**
 * Finds violations of the rules of the stored state, in all organizations that the executor may see.
 * @returns at most 100 violations of each rule; an empty list if all is well
 */
export async function verifyStore(executor: Executor): Promise<Violation[]> {
  const found: Violation[] = [];
  for (const { rule, violations } of rules) {
    const { rows } = await executor.query<{ organization_id: number; subject: string }>(sql`${violations} limit 100`);
    for (const { organization_id, subject } of rows) found.push({ rule, organizationId: organization_id, subject });
  }
  return found;
}
