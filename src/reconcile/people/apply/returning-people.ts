import sql, { type Sql } from "sql-template-tag";
import { selfRegistered } from "../../../directory/claims.ts";
import { literal } from "../../../store/sql.ts";
import type { ImportContext } from "../../setup/context.ts";

/** SQL: a property that the tombstone of the new person `f` keeps, as a text; null for somebody who does not return. */
const kept = ({ organization }: ImportContext, property: Sql) => sql`(
  select t.state -> 'user' ->> ${property} from returns r
  join user_tombstones t on t.organization_id = ${organization} and t.user_id = r.user_id
  where r.user_id = f.person)`;

/** SQL: the claims of a new person `f`. Somebody who once registered remains self-registered. */
export const returningClaims = (c: ImportContext): Sql => sql`
  ${c.claim} | coalesce(${kept(c, sql`'claims'`)}::bigint & ${literal(1 << selfRegistered)}, 0)`;

/** SQL: the version of a new person `f`. The versions of somebody who returns count on. */
export const returningVersion = (c: ImportContext): Sql => sql`1 + coalesce(${kept(c, sql`'version'`)}::bigint, 0)`;

/** Drops the tombstones of people who have returned. */
export const dropTombstones = ({ organization }: ImportContext): Sql[] => [
  sql`delete from user_tombstone_sources using returns
    where user_tombstone_sources.organization_id = ${organization} and user_tombstone_sources.user_id = returns.user_id`,
  sql`delete from user_tombstones using returns
    where user_tombstones.organization_id = ${organization} and user_tombstones.user_id = returns.user_id`,
];
