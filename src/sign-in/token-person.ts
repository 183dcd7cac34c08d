import type { JWTPayload } from "jose";
import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { foldCase } from "../directory/text.ts";
import { MusterError } from "../errors.ts";
import { type Settings, settingsSchema } from "../organizations/settings.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { prepared, selectRows } from "../store/sql.ts";
import { type CheckedToken, refused } from "./tokens.ts";

/** Longer names are refused, in characters. */
const longestName = 500;

/** Finds the people that a name means. Two rows are enough to see that it means several people. */
export const peopleNamed: Readonly<Record<Settings["signInMatches"], (organizationId: number, name: string) => Sql>> = {
  username: (organizationId, name) => sql`
    select id from users where organization_id = ${organizationId} and username_normalized = ${folded(name)} limit 2`,
  email: (organizationId, name) => sql`
    select id from users where organization_id = ${organizationId} and email_normalized = ${folded(name)} limit 2`,
  databaseId: (organizationId, name) => sql`
    select distinct user_id as id from user_sources
    where organization_id = ${organizationId} and database_id = ${name} limit 2`,
};
const folded = (name: string) => foldCase(name.normalize("NFC"));

/**
 * Finds the person of a token, by the claim that the organization names.
 * @throws MusterError unauthenticated if the token lacks the claim; forbidden if the claim names nobody, or several
 *   people, or is an e-mail that its issuer did not verify. Messages repeat nothing of the token.
 */
export function findTokenPerson(database: Database, { organizationId, claims }: CheckedToken): Promise<number> {
  return withOrganization(database, organizationId, async (transaction) => {
    const { organization } = await transaction.records();
    const found = await organization.findUnique({ where: { id: organizationId }, select: { settings: true } });
    const { signInClaim, signInMatches } = settingsSchema.parse(found?.settings ?? {});
    const name = readName(claims, signInClaim);
    const statement = prepared(peopleNamed[signInMatches](organizationId, name));
    const [person, other] = await selectRows(transaction, z.object({ id: z.int() }), statement);
    if (person !== undefined && other === undefined) return person.id;
    const meant = person === undefined ? "nobody" : "several people";
    throw new MusterError(
      "forbidden",
      `The token is valid, but by its claim ${signInClaim}, compared with the ${signInMatches}, it means ${meant} in this organization. Ask its administrators.`,
    );
  });
}

function readName(claims: JWTPayload, claim: string): string {
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
  const name = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof name !== "string" || name.trim() === "" || name.length > longestName || name.includes("\0")) {
    throw refused(`lacks the claim ${claim}, by which this organization knows people`);
  }
  if (claim === "email" && claims.email_verified !== true) {
    throw new MusterError(
      "forbidden",
      "The token names an e-mail that its issuer did not verify (email_verified), so that it could be anybody's.",
    );
  }
  return name.trim();
}
