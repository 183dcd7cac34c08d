import { selfRegistered } from "../../../directory/claims.ts";
import type { ImportContext } from "../../setup/context.ts";
import { state } from "../plan/returns.ts";

/** SQL: the claims of a new person `f`: who registered themself did so for good. */
export const returningClaims = (c: ImportContext): string => `
  ${c.claim.text} | coalesce((select (${state} ->> 'claims')::bigint & ${1 << selfRegistered} from returns r
    join user_tombstones t on t.organization_id = ${c.organizationId} and t.user_id = r.user_id where r.user_id = f.person), 0)`;

/** SQL: the version of a new person `f`: who returns counts on. */
export const returningVersion = (c: ImportContext): string => `
  1 + coalesce((select (${state} ->> 'version')::bigint from returns r
    join user_tombstones t on t.organization_id = ${c.organizationId} and t.user_id = r.user_id where r.user_id = f.person), 0)`;

/** Who has returned is not deleted any more. */
export const dropTombstones = (c: ImportContext): string[] =>
  ["user_tombstone_sources", "user_tombstones"].map(
    (table) =>
      `delete from ${table} using returns where ${table}.organization_id = ${c.organizationId} and ${table}.user_id = returns.user_id`,
  );
