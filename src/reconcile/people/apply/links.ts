import sql, { type Sql } from "sql-template-tag";
import type { ImportRun } from "../../planned-file.ts";
import type { ImportContext } from "../../setup/context.ts";

/**
 * Links people to the source. A link keeps the digest of its person's row if nothing was reported for the row: the next
 * import may pass over it (docs/decisions/009).
 */
export const applyLinks = (c: ImportContext, run: ImportRun): Sql[] =>
  c.knowsNobody
    ? [linkNewPeople(c, run)]
    : [linkNewPeople(c, run), linkKnownPeople(c, run), dropWithdrawnLinks(c), forgetDigests(c)];

/**
 * SQL: the columns of a link that `linkedValues` fills. The version is the one that the person has after the import.
 */
const linkColumns = sql`
  organization_id, source, user_id, database_id, digest, rules_epoch, user_version, style, last_import_id`;

const linkedValues = (c: ImportContext, version: Sql, { id }: ImportRun) => sql`
  ${c.organization}, ${c.source}, p.person, p.database_id, ${keptDigest}, ${c.rulesEpoch}, ${version}, ${c.style}, ${id}::uuid`;

/** SQL: the digest to keep. Orders to leave count each time that they come, since they also end what others claim. */
const keptDigest = sql`
  case when p.leave_all or exists (select from file_leaves l where l.person = p.person)
    or exists (select from row_issues i where i.row = p.first_row) then null else p.digest end`;

const linkNewPeople = (c: ImportContext, run: ImportRun) => sql`
  insert into user_sources (${linkColumns})
  select ${linkedValues(c, sql`1`, run)} from people p where p.is_new order by p.person`;

const linkKnownPeople = (c: ImportContext, run: ImportRun) => sql`
  insert into user_sources as us (${linkColumns})
  select ${linkedValues(c, sql`u.version`, run)}
  from people p join users u on u.organization_id = ${c.organization} and u.id = p.person
  where not p.is_new and p.applies
  on conflict (organization_id, source, user_id) do update set
    database_id = coalesce(excluded.database_id, us.database_id), digest = excluded.digest,
    rules_epoch = excluded.rules_epoch, user_version = excluded.user_version, style = excluded.style,
    last_import_id = excluded.last_import_id`;

const dropWithdrawnLinks = ({ organization, source }: ImportContext) => sql`
  delete from user_sources us using absences a
  where a.fate = 'withdraw' and us.organization_id = ${organization} and us.source = ${source} and us.user_id = a.person`;

/**
 * Has the rows of people who leave groups read again. Their memberships may also have been claimed by other sources, and a
 * claim that nobody sees does not count up the person's version. The same row may put a leaver back.
 */
const forgetDigests = ({ organization }: ImportContext) => sql`
  update user_sources us set digest = null
  where us.organization_id = ${organization} and us.digest is not null
    and us.user_id in (
      select person from people where leave_all
      union select person from file_leaves
      union select person from leavers)`;
