import sql, { join, type Sql } from "sql-template-tag";
import { constant, identifier } from "../../../store/sql.ts";
import type { ImportRun } from "../../planned-file.ts";
import type { ImportContext } from "../../setup/context.ts";

/** Links people to the source. A link keeps the digests of its person's rows: the next import may pass over them. */
export const applyLinks = (c: ImportContext, run: ImportRun): Sql[] =>
  c.knowsNobody
    ? [linkNewPeople(c, run)]
    : [
        linkNewPeople(c, run),
        linkKnownPeople(c, run),
        dropWithdrawnLinks(c),
        forgetDigests(c),
        forgetKeptValues(c),
        ...keepNewBytes(c),
      ];

/**
 * SQL: the columns of a link that `linkedValues` fills. The version is the one that the person has after the import.
 */
const linkColumns = sql`
  organization_id, source, user_id, database_id, digest, byte_digest, notes, rules_epoch, user_version, style, last_import_id`;

const linkedValues = (c: ImportContext, version: Sql, { id }: ImportRun) => sql`
  ${c.organization}, ${c.source}, p.person, p.database_id, case when ${keepsDigest} then p.digest end, case when ${keepsDigest} then p.byte_digest end,
  case when ${keepsDigest} then told.notes end, ${c.rulesEpoch}, ${version}, ${c.style}, ${id}::uuid`;

/**
 * SQL condition: the next import may pass over the rows of the person `p` (docs/decisions/009). Orders to leave count each
 * time that they come, since they also end what others claim.
 */
const keepsDigest = sql`
  not p.leave_all and not exists (select from file_leaves l where l.person = p.person) and coalesce(told.is_lasting, true)`;

/** SQL condition: the plan changes something of the person `p`, even if nobody sees it. */
const isChanged = (c: ImportContext) => sql`(p.is_new or ${join(
  ["scalars", "emails", "phones", "memberships", "changes"].map(
    (what) => sql`exists (select from ${identifier(`planned_${what}`)} planned where planned.person = p.person)`,
  ),
  " or ",
)} or not exists (
  select from user_sources us
  where us.organization_id = ${c.organization} and us.source = ${c.source} and us.user_id = p.person))`;

/** Codes of notes that come again as long as neither the row, nor the person, nor a rule changes. */
const lastingCodes = join(["value_kept", "text_damaged", "group_unknown"].map(constant));

/**
 * SQL relation: the notes on the rows of people. They are lasting if the next import would report just the same for the same
 * row: what intake found in it, and what planning found that changed nothing of the person. It is another import if it
 * depends on other rows of the file, so notes of people with several rows are not lasting.
 */
const told = (c: ImportContext) => sql`(
  select i.row, jsonb_agg(distinct jsonb_build_object('code', i.code, 'field', i.field, 'details', i.details)) as notes,
    bool_and(i.of_row or (i.code in (${lastingCodes}) and not ${isChanged(c)})) and bool_and(p.value_rows is null) as is_lasting
  from row_issues i join people p on p.first_row = i.row
  group by i.row) told`;

const linkNewPeople = (c: ImportContext, run: ImportRun) => sql`
  insert into user_sources (${linkColumns})
  select ${linkedValues(c, sql`1`, run)} from people p left join ${told(c)} on told.row = p.first_row where p.is_new order by p.person`;

const linkKnownPeople = (c: ImportContext, run: ImportRun) => sql`
  insert into user_sources as us (${linkColumns})
  select ${linkedValues(c, sql`u.version`, run)}
  from people p join users u on u.organization_id = ${c.organization} and u.id = p.person
  left join ${told(c)} on told.row = p.first_row
  where not p.is_new and p.applies
  on conflict (organization_id, source, user_id) do update set
    database_id = coalesce(excluded.database_id, us.database_id), digest = excluded.digest, byte_digest = excluded.byte_digest,
    notes = excluded.notes,    rules_epoch = excluded.rules_epoch, user_version = excluded.user_version, style = excluded.style,
    last_import_id = excluded.last_import_id`;

const dropWithdrawnLinks = ({ organization, source }: ImportContext) => sql`
  delete from user_sources us using absences a
  where a.fate = 'withdraw' and us.organization_id = ${organization} and us.source = ${source} and us.user_id = a.person`;

/**
 * Has the rows of people who leave groups read again. Their memberships may also have been claimed by other sources, and a
 * claim that nobody sees does not count up the person's version. The same row may put a leaver back.
 */
const forgetDigests = ({ organization }: ImportContext) => sql`
  update user_sources us set digest = null, byte_digest = null
  where us.organization_id = ${organization} and us.digest is not null
    and us.user_id in (
      select person from people where leave_all
      union select person from file_leaves
      union select person from leavers)`;

/**
 * Has other sources read the rows again of which a value was kept, if a value of the person got another owner. An owner that
 * nobody sees does not count up the person's version.
 */
const forgetKeptValues = ({ organization, source }: ImportContext) => sql`
  update user_sources us set digest = null, byte_digest = null
  from planned_scalars s
  where us.organization_id = ${organization} and us.source <> ${source} and us.user_id = s.person and us.notes is not null`;

/** Keeps the digests of bytes that were new, of rows that say what they said before. */
const keepNewBytes = ({ organization, source }: ImportContext) => [
  sql`update user_sources us set byte_digest = said.byte_digest
    from (
      select r.person, string_agg(distinct d.digest, ''::bytea order by d.digest) as byte_digest
      from staged_values v join row_persons r on r.row = v.row and not r.is_read join staged_digests d on d.row = v.row
      group by r.person
    ) said
    where us.organization_id = ${organization} and us.source = ${source} and us.user_id = said.person`,
  sql`update user_sources us set byte_digest = s.byte_digest
    from staged_rows s join row_persons r on r.row = s.row and r.same and r.is_read
    where s.byte_digest is not null and us.organization_id = ${organization} and us.source = ${source}
      and us.user_id = r.person`,
];
