import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { prepared, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { foldCase } from "./text.ts";
import { parseUserId } from "./users.ts";

/** A way to name a person: by one of the three identifiers. */
export interface PersonName {
  readonly userId?: string | undefined;
  /** Without regard to case. */
  readonly username?: string | undefined;
  /** As a source spells it. */
  readonly databaseId?: string | undefined;
  /** Name of the source of the databaseId; absent: any source. */
  readonly source?: string | undefined;
}

/** The id of the person, or the reason why there is no such person. */
export type Identified = number | string;

/** The reason of an item that names nobody; it completes "<field> …". */
export const unknownUser = "is not a user";
const unknownUsername = "is not the username of a user";
const unknownDatabaseId = "is not the databaseId of a user";
const ambiguous = "belongs to several users in different sources; add source";

/** The property by which a name names its person. */
export const propertyOf = ({ username, databaseId }: PersonName): "userId" | "username" | "databaseId" => {
  if (databaseId !== undefined) return "databaseId";
  return username === undefined ? "userId" : "username";
};

const foundRow = z.object({ place: z.int(), people: z.array(z.coerce.number()) });

/**
 * Finds people by their names, however many, with one statement for each kind of name.
 * @returns for each name the person's id, or the reason why it names nobody. That an id belongs to somebody is not checked
 */
export async function identifyPeople(
  executor: Executor,
  organizationId: number,
  names: readonly PersonName[],
): Promise<Identified[]> {
  const placesOf = (property: ReturnType<typeof propertyOf>) =>
    names.flatMap((name, place) => (propertyOf(name) === property ? [place] : []));
  const found: Identified[] = names.map(({ userId = "" }) => parseUserId(userId) ?? unknownUser);
  const look = async (places: readonly number[], statement: Sql, unknown: string) => {
    if (places.length === 0) return;
    for (const place of places) found[place] = unknown;
    for (const { place, people } of await selectRows(executor, foundRow, prepared(statement))) {
      found[place] = people.length === 1 ? people[0]! : ambiguous;
    }
  };
  const byUsername = placesOf("username");
  const usernames = byUsername.map((place) => names[place]!.username!);
  await look(byUsername, peopleByUsername(organizationId, byUsername, usernames), unknownUsername);
  const byDatabaseId = placesOf("databaseId");
  const links = byDatabaseId.map((place) => names[place]!);
  await look(byDatabaseId, peopleByDatabaseId(organizationId, byDatabaseId, links), unknownDatabaseId);
  return found;
}

/** The statement that finds people by their usernames. */
export const peopleByUsername = (
  organizationId: number,
  places: readonly number[],
  usernames: readonly string[],
): Sql => sql`
  select named.place, array[users.id] as people
  from unnest(${places}::integer[], ${usernames.map((name) => foldCase(name.trim().normalize("NFC")))}::text[])
    named (place, username)
  join users on users.organization_id = ${organizationId} and users.username_normalized = named.username collate "C"`;

/** The statement that finds people by their databaseIds. */
export const peopleByDatabaseId = (
  organizationId: number,
  places: readonly number[],
  links: readonly PersonName[],
): Sql => sql`
  select named.place, array_agg(distinct user_sources.user_id) as people
  from unnest(${places}::integer[], ${links.map(({ databaseId = "" }) => databaseId.trim().normalize("NFC"))}::text[],
    ${links.map(({ source }) => source ?? null)}::text[]) named (place, database_id, source)
  join sources on sources.organization_id = ${organizationId} and (named.source is null or sources.name = named.source)
  join user_sources on user_sources.organization_id = ${organizationId} and user_sources.source = sources.number
    and user_sources.database_id = named.database_id collate "C"
  group by named.place`;
