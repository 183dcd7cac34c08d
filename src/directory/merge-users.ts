import sql, { join, raw, type Sql } from "sql-template-tag";
import { type ChangeEntry, recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import { recordAudit } from "../organizations/audit-log.ts";
import type { ChangeContext } from "../organizations/organizations.ts";
import { roleRights } from "../organizations/role-capabilities.ts";
import { isBlankSql } from "../person/document-sql.ts";
import { ownerColumn, scalarFields } from "../person/fields.ts";
import { asWriter } from "../store/organization-lock.ts";
import { identifier, literal, prepared } from "../store/sql.ts";
import { manual } from "./claims.ts";
import { buryUsers } from "./tombstone.ts";
import { compareUsers } from "./user-changes.ts";
import { parseDocument, type StoredUser } from "./user-document.ts";
import { type ReadUser, readUser, readUserId } from "./users.ts";

/**
 * Joins two records of one person. The kept record gets the claims, e-mails, phones, memberships and sources of the other
 * one, and those single values that it does not have. Of two roles in a group the one with more rights remains. If one
 * source knows both, the databaseId of the kept record remains. The other record is deleted. Its tombstone brings nobody
 * back, because its identifiers belong to the kept record. The change log tells both.
 * @param id of the record that is kept
 * @param otherId of the record that ends
 * @param checkVersion throws when the stored version of the kept record is not the one that the caller knows
 * @throws MusterError not_found; request_invalid when both are the same record; organization_busy
 */
export function mergeUsers(
  context: ChangeContext,
  id: string,
  otherId: string,
  checkVersion: (version: number) => void,
): Promise<StoredUser> {
  const [kept, other] = [readUserId(id), readUserId(otherId)];
  const { database, queue, organizationId, actor, clock } = context;
  if (kept === other) throw sameRecord();
  return asWriter(database, queue, organizationId, async (transaction) => {
    const before = await readUser(transaction, organizationId, kept);
    const ended = await readUser(transaction, organizationId, other);
    checkVersion(before.version);
    const at = clock();
    await buryUsers(transaction, organizationId, [other], null, at);
    for (const statement of mergeStatements(organizationId, kept, other, at)) {
      await transaction.query(prepared(statement));
    }
    const after = await readUser(transaction, organizationId, kept);
    await recordChanges(transaction, organizationId, { actor }, [
      entryOf("updated", before, after),
      entryOf("deleted", ended, null),
    ]);
    await recordAudit(transaction, organizationId, {
      at,
      action: "user.merged",
      actor,
      subject: id,
      details: { endedUserId: otherId },
    });
    return after;
  });
}

function entryOf(action: "updated" | "deleted", before: ReadUser, after: ReadUser | null): ChangeEntry {
  const user = after ?? before;
  const { id, username } = parseDocument(user);
  const difference = compareUsers(parseDocument(before), after && parseDocument(after));
  return { type: "user", action, id, databaseId: user.databaseId, username, ...difference };
}

/** Roles by their rights: the one with more rights has the higher place. */
const placeOfRole = (role: Sql): Sql => {
  const places = roleRights.map(
    ({ scope, capabilities }, number) =>
      sql`when ${literal(number)} then ${literal(capabilities.length + (scope === "organization" ? 100 : 0))}`,
  );
  return sql`case ${role} ${join(places, " ")} end`;
};

/** The statements that give the kept record what the tombstone of the other one holds. */
export function mergeStatements(organizationId: number, kept: number, other: number, at: Date): readonly Sql[] {
  const state = sql`select state from user_tombstones where organization_id = ${organizationId} and user_id = ${other}`;
  const rowsOf = (table: Sql, name: string) =>
    sql`(${state}) tombstone, jsonb_populate_recordset(null::${table}, tombstone.state -> ${name}::text) owned`;
  const ended = sql`(${state}) tombstone, jsonb_populate_record(null::users, tombstone.state -> 'user') ended`;
  return [
    mergeValues(organizationId, kept, at, ended),
    // The primary address of the ended record becomes a further one, if the kept record has another primary address.
    sql`
      insert into user_emails (organization_id, user_id, email_normalized, email, claims)
      select ${organizationId}, ${kept}, address.email_normalized, (array_agg(address.email order by address.rank))[1],
        bit_or(address.claims)
      from (
        select 0 as rank, ended.email_normalized, ended.email,
          1::bigint << coalesce(ended.email_owner, ${literal(manual)})::integer as claims
        from ${ended} where ended.email_normalized is not null
        union all
        select 1, owned.email_normalized, owned.email, owned.claims from ${rowsOf(sql`user_emails`, "emails")}
      ) address
      where address.email_normalized is distinct from (
        select email_normalized from users where organization_id = ${organizationId} and id = ${kept})
      group by address.email_normalized
      on conflict (organization_id, user_id, email_normalized) do update
      set claims = user_emails.claims | excluded.claims`,
    sql`delete from user_emails using users
      where user_emails.organization_id = ${organizationId} and user_emails.user_id = ${kept}
        and users.organization_id = ${organizationId} and users.id = ${kept}
        and users.email_normalized = user_emails.email_normalized`,
    sql`
      insert into user_phones (organization_id, user_id, number, extension, message_type, label, carrier, owner, claims)
      select ${organizationId}, ${kept}, owned.number, owned.extension, owned.message_type, owned.label, owned.carrier,
        owned.owner, owned.claims
      from ${rowsOf(sql`user_phones`, "phones")}
      on conflict (organization_id, user_id, number, extension) do update
      set claims = user_phones.claims | excluded.claims`,
    sql`
      insert into memberships (organization_id, user_id, group_id, role, role_owner, claims, since)
      select ${organizationId}, ${kept}, owned.group_id, owned.role, owned.role_owner, owned.claims, owned.since
      from ${rowsOf(sql`memberships`, "memberships")}
      on conflict (organization_id, user_id, group_id) do update
      set claims = memberships.claims | excluded.claims,
        role = case when ${isHigher} then excluded.role else memberships.role end,
        role_owner = case when ${isHigher} then excluded.role_owner else memberships.role_owner end,
        since = case when ${isHigher} then excluded.since else memberships.since end`,
    sql`
      insert into user_sources (organization_id, source, user_id, database_id)
      select ${organizationId}, owned.source, ${kept}, owned.database_id from ${rowsOf(sql`user_sources`, "sources")}
      on conflict (organization_id, source, user_id) do update
      set database_id = coalesce(user_sources.database_id, excluded.database_id)`,
    sql`update user_sources set digest = null, byte_digest = null where organization_id = ${organizationId} and user_id = ${kept}`,
    // From here on the identifiers are the kept record's: they bring nobody else back.
    sql`delete from user_tombstone_sources where organization_id = ${organizationId} and user_id = ${other}`,
    sql`update user_tombstones set username_normalized = null, email_normalized = null
      where organization_id = ${organizationId} and user_id = ${other}`,
  ];
}

const isHigher = sql`${placeOfRole(sql`excluded.role`)} > ${placeOfRole(sql`memberships.role`)}`;

/** The statement that fills blank single values of the kept record, with their owners, and unites the claims. */
function mergeValues(organizationId: number, kept: number, at: Date, ended: Sql): Sql {
  const filled = scalarFields.flatMap((field) => {
    const isBlank = raw(isBlankSql(field, `users.${field.column}`));
    const columns = [field.column, ownerColumn(field), ...(field.companion === undefined ? [] : [field.companion])];
    return columns.map(
      (column) =>
        sql`${identifier(column)} = case when ${isBlank} then ended.${identifier(column)} else users.${identifier(column)} end`,
    );
  });
  const emails = ["email", "email_normalized", "email_owner"].map(
    (column) => sql`${identifier(column)} = case when users.email is null then ended.${identifier(column)}
      else users.${identifier(column)} end`,
  );
  return sql`
    update users set ${join([...filled, ...emails], ", ")}, claims = users.claims | ended.claims,
      version = users.version + 1, updated_at = ${at}
    from ${ended} where users.organization_id = ${organizationId} and users.id = ${kept}`;
}

const sameRecord = () =>
  new MusterError("request_invalid", "Nothing was changed: userId is the record itself. Name the other record.", {
    field: "userId",
    errors: [{ field: "userId", message: "is the record itself" }],
  });
