import { manual } from "../../../directory/claims.ts";
import { type Scalar, type ScalarKind, scalarFields } from "../../../person/fields.ts";
import type { ImportContext } from "../../setup/context.ts";

const byHand = `${1 << manual}::bigint`;

/** Whether anybody of the organization was deleted: at most one row. */
export const anyTombstone = (c: ImportContext): string =>
  `select from user_tombstones where organization_id = ${c.organizationId} limit 1`;

/**
 * SQL: finds the new people who were deleted earlier (file formats, section 5.7): by the databaseID of this source, else by
 * the userID, else by the primary e-mail under the conditions of file formats, section 4.2. An address that belongs to several
 * people, or that contradicts another identifier, returns nobody.
 */
export const findReturns = (c: ImportContext): string => `
  with fresh as materialized (
    select person, database_id, username_normalized, email_normalized from people where is_new
  ), kept as materialized (
    select t.user_id, t.username_normalized, t.email_normalized, t.deleted_at, s.database_id
    from user_tombstones t
    left join user_tombstone_sources s
      on s.organization_id = t.organization_id and s.user_id = t.user_id and s.source = ${c.source.text}
    where t.organization_id = ${c.organizationId}
  ), by_database_id as (
    select distinct on (fresh.person) fresh.person, kept.user_id
    from fresh join kept on kept.database_id = fresh.database_id
    order by fresh.person, kept.deleted_at desc, kept.user_id desc
  ), by_username as (
    select distinct on (fresh.person) fresh.person, kept.user_id
    from fresh join kept on kept.username_normalized = fresh.username_normalized
    where not exists (select from by_database_id taken where taken.person = fresh.person or taken.user_id = kept.user_id)
      and (kept.database_id is null or fresh.database_id is null)
    order by fresh.person, kept.deleted_at desc, kept.user_id desc
  ), address as (
    select email_normalized, min(user_id) as user_id from kept where email_normalized is not null
    group by email_normalized having count(*) = 1
  ), by_email as (
    select min(fresh.person) as person, address.user_id
    from fresh join address on address.email_normalized = fresh.email_normalized join kept on kept.user_id = address.user_id
    where not exists (select from by_database_id taken where taken.person = fresh.person or taken.user_id = kept.user_id)
      and not exists (select from by_username taken where taken.person = fresh.person or taken.user_id = kept.user_id)
      and (kept.database_id is null or fresh.database_id is null)
      and (kept.username_normalized is null or fresh.username_normalized is null)
      and not exists (select from users u
        where u.organization_id = ${c.organizationId} and u.email_normalized = address.email_normalized)
    group by address.user_id having count(*) = 1
  )
  insert into returns (person, user_id)
  select distinct on (user_id) person, user_id
  from (select person, user_id from by_database_id union all select person, user_id from by_username
        union all select person, user_id from by_email) found
  order by user_id, person`;

/** SQL: what a tombstone `t` keeps of the user's own columns. */
export const state = "t.state -> 'user'";

/** SQL: true when a value of the tombstone was set by hand, be it to a blank. */
const isOwnedByHand = (column: string) => `coalesce((${state} ->> '${column}_owner')::integer = ${manual}, false)`;

/** SQL: true when a value of the tombstone was entered by hand. */
const isByHand = (column: string) => `(${isOwnedByHand(column)} and coalesce(${state} ->> '${column}', '') <> '')`;

/** SQL of a select with the location of a tombstone as it is compared, if there still is one. */
const knownLocation = (column: string) =>
  `select name_normalized from known_locations l where l.name = ${state} ->> '${column}'`;

/** SQL: true when a value of a tombstone comes back: it was entered by hand, and nothing has taken its place. */
function comesBack({ kind, column }: Scalar, username: string): string {
  switch (kind) {
    case "identifier":
      return username;
    case "location":
      return `(${isByHand(column)} and exists (${knownLocation(column)}))`;
    case "texts":
      return `(${isOwnedByHand(column)} and jsonb_array_length(${state} -> '${column}') > 0)`;
    case "flag":
      return `(${isOwnedByHand(column)})`;
    default:
      return isByHand(column);
  }
}

/** SQL of a value of a tombstone. */
function formerValue(kind: ScalarKind, column: string): string {
  if (kind === "texts") return `array(select jsonb_array_elements_text(${state} -> '${column}'))`;
  const text = `${state} ->> '${column}'`;
  return kind === "flag" ? `(${text})::boolean` : text;
}

/**
 * Gives the people who return their id, and what was entered by hand of them: it outranks what the file says. Username and
 * location only if they are free, and exist.
 */
export function planReturns(c: ImportContext): string[] {
  const username = `(${isByHand("username")} and not exists (select from users u
      where u.organization_id = ${c.organizationId} and u.username_normalized = t.username_normalized)
    and not exists (select from people other
      where other.username_normalized = t.username_normalized and other.person <> p.person)
    and not exists (select from returns later join user_tombstones lt on lt.organization_id = ${c.organizationId} and lt.user_id = later.user_id
      where later.user_id > r.user_id and lt.username_normalized = t.username_normalized))`;
  const returning = scalarFields.map((field) => ({ ...field, comesBack: comesBack(field, username) }));
  return [
    ...["people", "row_persons", "merged_persons"].map(
      (table) => `update ${table} set person = returns.user_id from returns where ${table}.person = returns.person`,
    ),
    // They go the way of those who can have anything: the way of new people of one row is shorter.
    `insert into merged_persons (person) select user_id from returns except select person from merged_persons`,
    `update people p set
       ${returning
         .map(
           ({ kind, column, comesBack }) =>
             `${column} = case when ${comesBack} then ${formerValue(kind, column)} else p.${column} end`,
         )
         .join(", ")},
       username_normalized = case when ${username} then t.username_normalized else p.username_normalized end,
       email = case when ${isByHand("email")} then ${state} ->> 'email' else p.email end,
       email_normalized = case when ${isByHand("email")} then t.email_normalized else p.email_normalized end,
       location_normalized = case when ${isByHand("location")} and exists (${knownLocation("location")})
         then (${knownLocation("location")}) else p.location_normalized end,
       by_hand = array_remove(array[
         ${returning.map(({ column, comesBack }) => `case when ${comesBack} then '${column}' end`).join(", ")},
         case when ${isByHand("email")} then 'email' end], null),
       digest = null, value_rows = coalesce(p.value_rows, '{}')
     from returns r join user_tombstones t on t.organization_id = ${c.organizationId} and t.user_id = r.user_id
     where p.person = r.user_id`,
  ];
}

/** The rows of one of a tombstone's lists, of those who return. */
const stored = (c: ImportContext, list: string, table: string) => `
  returns r
  join user_tombstones t on t.organization_id = ${c.organizationId} and t.user_id = r.user_id
  cross join lateral jsonb_populate_recordset(null::${table}, t.state -> '${list}') s`;

/** Further e-mails and phones that were entered by hand; after those of the file. */
export const planReturnedContacts = (c: ImportContext): string[] => [
  `update planned_emails p set claims = ${c.claim.text} | ${byHand}
   from ${stored(c, "emails", "user_emails")}
   where p.person = r.user_id and p.email_normalized = s.email_normalized and s.claims & ${byHand} <> 0`,
  `insert into planned_emails (person, email_normalized, email, action, claims)
   select r.user_id, s.email_normalized, s.email, 'add', ${byHand}
   from ${stored(c, "emails", "user_emails")} join people p on p.person = r.user_id
   where s.claims & ${byHand} <> 0 and s.email_normalized <> p.email_normalized
     and not exists (select from planned_emails e where e.person = r.user_id and e.email_normalized = s.email_normalized)`,
  `update planned_phones p set claims = ${c.claim.text} | ${byHand},
     owner = case when s.owner = ${manual} then ${manual} else ${c.source.text} end,
     message_type = case when s.owner = ${manual} then s.message_type else p.message_type end,
     label = case when s.owner = ${manual} then s.label else p.label end,
     carrier = case when s.owner = ${manual} then s.carrier else p.carrier end
   from ${stored(c, "phones", "user_phones")}
   where p.person = r.user_id and p.number = s.number and p.extension = s.extension and s.claims & ${byHand} <> 0`,
  `insert into planned_phones (person, number, extension, message_type, label, carrier, action, claims, owner)
   select r.user_id, s.number, s.extension, s.message_type, s.label, s.carrier, 'add', ${byHand}, ${manual}
   from ${stored(c, "phones", "user_phones")}
   where s.claims & ${byHand} <> 0
     and not exists (select from planned_phones h where h.person = r.user_id and h.number = s.number and h.extension = s.extension)`,
];

/** Memberships that were given by hand, in groups that still exist; after those of the file. */
export const planReturnedMemberships = (c: ImportContext): string[] => [
  `update planned_memberships p set claims = p.claims | ${byHand},
     role_to = case when s.role_owner = ${manual} then s.role else p.role_to end,
     role_owner = case when s.role_owner = ${manual} then ${manual} else p.role_owner end
   from ${stored(c, "memberships", "memberships")}
   where p.person = r.user_id and p.group_id = s.group_id and s.claims & ${byHand} <> 0`,
  `insert into planned_memberships (person, group_id, role_to, role_owner, claims, action, row)
   select r.user_id, s.group_id, case when s.role_owner = ${manual} then s.role else 0 end, ${manual}, ${byHand}, 'add', p.first_row
   from ${stored(c, "memberships", "memberships")} join people p on p.person = r.user_id
   join known_groups g on g.group_id = s.group_id
   where s.claims & ${byHand} <> 0
     and not exists (select from planned_memberships m where m.person = r.user_id and m.group_id = s.group_id)`,
];
