import sql, { join, type Sql } from "sql-template-tag";
import { companionColumns, ownerColumns, valueColumns } from "../../../person/columns.ts";
import { identifier } from "../../../store/sql.ts";
import type { ImportRun } from "../../planned-file.ts";
import type { ImportContext } from "../../setup/context.ts";
import { remaining } from "./end-claims.ts";

/** The columns of users that a plan sets. */
export const plannedColumns: readonly string[] = [
  ...[...valueColumns, ...companionColumns, ...ownerColumns].map(({ name }) => name),
  "email",
  "email_normalized",
  "email_owner",
];

/** Carries out the plan for people who are known. */
export const updateKnownPeople = (c: ImportContext, run: ImportRun): Sql[] => [
  freeUsernames(c),
  setScalars(c),
  claimPeople(c, run),
  withdrawFromPeople(c, run),
  countUpLeavers(c, run),
];

/** Two people may swap usernames, but each statement must leave usernames unique. */
const freeUsernames = ({ organization }: ImportContext) => sql`
  update users u set username = null, username_normalized = null
  from planned_scalars s
  where u.organization_id = ${organization} and u.id = s.person and s.username_changes`;

const setScalars = ({ organization }: ImportContext) => sql`
  update users u set ${join(plannedColumns.map((column) => sql`${identifier(column)} = s.${identifier(column)}`))}
  from planned_scalars s where u.organization_id = ${organization} and u.id = s.person`;

/** A claim alone does not count up the version: nobody sees it. */
const claimPeople = ({ organization, claim }: ImportContext, { id, at }: ImportRun) => sql`
  update users u
  set claims = u.claims | ${claim}, version = u.version + (changing.person is not null)::integer,
    last_import_id = case when changing.person is null then u.last_import_id else ${id}::uuid end,
    updated_at = case when changing.person is null then u.updated_at else ${at}::timestamptz end
  from people p left join planned_changes changing on changing.person = p.person
  where u.organization_id = ${organization} and u.id = p.person and not p.is_new and p.applies
    and (changing.person is not null or u.claims & ${claim} = 0)`;

const withdrawFromPeople = (c: ImportContext, { id, at }: ImportRun) => sql`
  update users u
  set claims = ${remaining(c, sql`u.claims`)}, version = u.version + 1, last_import_id = ${id}::uuid, updated_at = ${at}::timestamptz
  from absences a where a.fate = 'withdraw' and u.organization_id = ${c.organization} and u.id = a.person`;

const countUpLeavers = ({ organization }: ImportContext, { id, at }: ImportRun) => sql`
  update users u set version = u.version + 1, last_import_id = ${id}::uuid, updated_at = ${at}::timestamptz
  from leavers l join planned_changes changing using (person)
  where u.organization_id = ${organization} and u.id = l.person`;
