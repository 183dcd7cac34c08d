import { createHash } from "node:crypto";
import sql from "sql-template-tag";
import { z } from "zod";
import { type Capability, type RoleScope, roleRights } from "../organizations/role-capabilities.ts";
import { roles } from "../organizations/settings.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { prepared, selectRow } from "../store/sql.ts";

/** A person who signed in, as they see themselves. */
export interface PersonDocument {
  readonly id: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly username: string | null;
  readonly organization: { readonly id: string; readonly name: string };
  /** The roles that the person has anywhere, in the order of their numbers. */
  readonly roles: readonly HeldRole[];
}

/** A role that a person has. */
export interface HeldRole {
  readonly role: number;
  readonly name: (typeof roles)[number];
  /** The groups where it counts: all, or those in which the person has it. */
  readonly scope: RoleScope;
  readonly capabilities: readonly Capability[];
  /** Number of groups in which the person has it. */
  readonly groups: number;
}

/**
 * The id under which a person's requests are kept apart from others' (Idempotency-Key): a UUID of version 8 that is the
 * same every time.
 */
export function callerIdOf(organizationId: number, userId: number): string {
  const digest = createHash("sha256").update(`user:${organizationId}:${userId}`).digest();
  digest[6] = (digest[6]! & 0x0f) | 0x80;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const text = digest.toString("hex", 0, 16);
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}

const storedPerson = z.object({
  firstName: z.string(),
  lastName: z.string(),
  username: z.string().nullable(),
  organization: z.string(),
  held: z.array(z.object({ role: z.int(), groups: z.int() })),
});

/**
 * Reads a person who signed in.
 * @returns undefined if the person was deleted
 */
export function readPerson(
  database: Database,
  organizationId: number,
  userId: number,
): Promise<PersonDocument | undefined> {
  return withOrganization(database, organizationId, async (transaction) => {
    const person = await selectRow(
      transaction,
      storedPerson,
      prepared(sql`
        select first_name as "firstName", last_name as "lastName", username,
          (select name from organizations where id = ${organizationId}) as organization,
          (select coalesce(json_agg(json_build_object('role', role, 'groups', groups) order by role), '[]')
           from (select role, count(*) as groups from memberships
                 where organization_id = ${organizationId} and user_id = ${userId} group by role) held) as held
        from users where organization_id = ${organizationId} and id = ${userId}`),
    );
    if (!person) return undefined;
    const { firstName, lastName, username, organization, held } = person;
    return {
      id: String(userId),
      firstName,
      lastName,
      username,
      organization: { id: String(organizationId), name: organization },
      roles: held.map(({ role, groups }) => ({ role, name: roles[role]!, ...roleRights[role]!, groups })),
    };
  });
}
