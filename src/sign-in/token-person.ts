import type { JWTPayload } from "jose";
import { foldCase } from "../directory/text.ts";
import { MusterError } from "../errors.ts";
import { type Settings, settingsSchema } from "../organizations/settings.ts";
import { type Database, withOrganization } from "../store/database.ts";
import { type CheckedToken, refused } from "./tokens.ts";

/** Longer names are nobody's, in characters. */
const longestName = 500;

/** SQL: who is meant by a name, $2. Two rows are enough to see that it is several people's. */
const statements: Readonly<Record<Settings["signInMatches"], string>> = {
  username: "select id from users where organization_id = $1 and username_normalized = $2 limit 2",
  email: "select id from users where organization_id = $1 and email_normalized = $2 limit 2",
  databaseId: "select distinct user_id as id from user_sources where organization_id = $1 and database_id = $2 limit 2",
};

/**
 * Who a token is about, by the claim that the organization names.
 * @throws MusterError unauthenticated when the token lacks the claim; forbidden when it names nobody, or several people, or
 *   by an e-mail that its issuer did not verify. What the token says does not stand in them.
 */
export function findTokenPerson(database: Database, { organizationId, claims }: CheckedToken): Promise<number> {
  return withOrganization(database, organizationId, async (client) => {
    const { rows: organizations } = await client.query<{ settings: unknown }>(
      "select settings from organizations where id = $1",
      [organizationId],
    );
    const { signInClaim, signInMatches } = settingsSchema.parse(organizations[0]?.settings ?? {});
    const name = readName(claims, signInClaim);
    const { rows } = await client.query<{ id: number }>(statements[signInMatches], [
      organizationId,
      signInMatches === "databaseId" ? name : foldCase(name.normalize("NFC")),
    ]);
    const [person, other] = rows;
    if (person !== undefined && other === undefined) return person.id;
    const found = person === undefined ? "nobody" : "several people";
    throw new MusterError(
      "forbidden",
      `The token is valid, but by its claim ${signInClaim}, compared with the ${signInMatches}, it means ${found} in this organization. Ask its administrators.`,
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
