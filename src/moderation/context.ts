import sql, { type Sql } from "sql-template-tag";
import { readStanding, type Standing } from "../directory/standing.ts";
import { parseUserId } from "../directory/users.ts";
import { MusterError } from "../errors.ts";
import type { Service } from "../organizations/services.ts";
import type { Database } from "../store/database.ts";
import type { WriterQueue } from "../store/organization-lock.ts";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";

/** The person or key that submits, asks, reads or decides. */
export interface Actor {
  readonly organizationId: number;
  /** For the change log and the decisions: `api-key:<name>`, `user:<id>`. */
  readonly actor: string;
  /** Id of the person who signed in; null: an API key, whose services opened the address. */
  readonly userId: number | null;
  /** Of the API key; absent: none of them counts. */
  readonly services?: readonly Service[];
}

/** With what moderation works, and for whom. */
export interface Moderation {
  readonly database: Database;
  readonly queue: WriterQueue;
  /** The current time. */
  readonly clock: () => Date;
  /** A new UUID. */
  readonly newId: () => string;
  readonly actor: Actor;
}

/**
 * The person for whom something is submitted or asked: the person who signed in, or the person that the key names.
 * @param field where the body names the person
 * @param named the person's identifier in that place
 * @throws MusterError request_invalid when a key names nobody; forbidden when a person names somebody else
 */
export async function readPerson(
  executor: Executor,
  { organizationId, userId }: Actor,
  field: string,
  named: string | undefined,
): Promise<number> {
  if (userId !== null) {
    if (named === undefined || named === String(userId)) return userId;
    throw new MusterError("forbidden", `Leave ${field} out: you can speak for yourself only.`, { field });
  }
  if (named === undefined) throw invalid(field, "is needed: an API key speaks for somebody");
  const id = parseUserId(named);
  const known =
    id === undefined
      ? undefined
      : await executor.query(prepared(sql`select from users where organization_id = ${organizationId} and id = ${id}`));
  if (id === undefined || !known?.rowCount) throw invalid(field, "is not a user");
  return id;
}

/** The problem of a body's member that cannot be so. */
export const invalid = (field: string, message: string) =>
  new MusterError("request_invalid", `Nothing was changed: ${field} ${message}.`, {
    field,
    errors: [{ field, message }],
  });

/**
 * Reads the rights of a signed-in person in a group.
 * @returns undefined when there is no such group, or the person may not see it
 */
export async function standingIn(
  executor: Executor,
  organizationId: number,
  userId: number,
  groupId: string,
): Promise<Standing | undefined> {
  try {
    return await readStanding(executor, organizationId, userId, groupId);
  } catch (error) {
    if (error instanceof MusterError && error.code === "not_found") return undefined;
    throw error;
  }
}

/** How a person is called where others read it: by name, else by username, else by id. SQL, of a row of users. */
export const nameOf = (users: Sql): Sql =>
  sql`coalesce(nullif(trim(${users}.first_name || ' ' || ${users}.last_name), ''), ${users}.username, 'user ' || ${users}.id)`;

/** The name of somebody who decides, at this moment; null of an API key. */
export async function readName(executor: Executor, { organizationId, userId }: Actor): Promise<string | null> {
  if (userId === null) return null;
  const { rows } = await executor.query<{ name: string }>(
    prepared(
      sql`select ${nameOf(sql`users`)} as name from users where organization_id = ${organizationId} and id = ${userId}`,
    ),
  );
  return rows[0]?.name ?? null;
}

/**
 * The name under which a decision is kept: of a signed-in person their own, of an API key the one that it names.
 * @throws MusterError request_invalid when a key names nobody, or a person names somebody
 */
export async function readDecider(executor: Executor, actor: Actor, named: string | undefined): Promise<string> {
  if (actor.userId !== null) {
    if (named === undefined) return (await readName(executor, actor)) ?? actor.actor;
    throw invalid("decidedBy", "has to be left out: you decide in your own name");
  }
  if (named) return named;
  throw invalid("decidedBy", "is needed: an API key decides for a person, by name");
}
