import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import sql from "sql-template-tag";
import { z } from "zod";
import { MusterError } from "../errors.ts";
import type { Database } from "../store/database.ts";
import { prepared } from "../store/sql.ts";
import { askUnguarded } from "./ask-unguarded.ts";
import type { KeysOf } from "./issuer-keys.ts";

/** Accepted signatures. All use a public key, so a service that can check one cannot make one. */
const algorithms = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

/** Accepted values of `typ`: an ID token or an access token (RFC 9068), but not a logout token. */
const types: readonly unknown[] = [undefined, "jwt", "at+jwt", "application/at+jwt", "application/jwt"];

/** Allowed difference between the clocks of the issuer and of this service, in seconds. */
const skew = 30;
/** Longer tokens are not read, in characters. */
const longestToken = 12 * 1024;
/** More audiences of a token are not looked at. */
const mostAudiences = 20;

/** A token that was checked. */
export interface CheckedToken {
  readonly organizationId: number;
  /** Nothing of it may be logged. */
  readonly claims: JWTPayload;
}

/** Tells a token from an API key: it has three parts, and the first is a JOSE header with an algorithm (RFC 7515). */
export function looksLikeToken(value: string): boolean {
  if (!/^[\w-]+\.[\w-]*\.[\w-]*$/.test(value)) return false;
  try {
    return typeof decodeProtectedHeader(value).alg === "string";
  } catch {
    return false;
  }
}

/**
 * Checks a token: its issuer and audience belong to an organization, one of the issuer's keys signed it, and it is valid
 * now.
 * @param keysOf finds the issuer's keys
 * @throws MusterError unauthenticated; issuer_unavailable if the issuer's keys cannot be had
 */
export async function checkToken(
  database: Database,
  keysOf: KeysOf,
  clock: () => Date,
  token: string,
): Promise<CheckedToken> {
  if (token.length > longestToken) {
    throw refused("is longer than 12 KiB. Have the identity provider leave out claims, such as the groups");
  }
  const issuer = readIssuer(token);
  const [organization, ...others] = await askUnguarded(
    database,
    z.object({ organization_id: z.int(), audience: z.string() }),
    prepared(sql`select * from find_organizations_of_issuer(${issuer.issuer}, ${issuer.audiences})`),
  );
  if (organization === undefined) throw refused("is of no issuer and audience that this service knows");
  if (others.length > 0) throw refused("is for several organizations of this service; get one for one of them");
  try {
    const { payload } = await jwtVerify(token, keysOf(issuer.issuer), {
      algorithms,
      issuer: issuer.issuer,
      audience: organization.audience,
      clockTolerance: skew,
      currentDate: clock(),
      requiredClaims: ["exp"],
    });
    return { organizationId: organization.organization_id, claims: payload };
  } catch (error) {
    throw error instanceof MusterError ? error : refused(reasonOf(error));
  }
}

/** Reads where an unchecked token claims to be from, so that it can be checked. */
function readIssuer(token: string): { readonly issuer: string; readonly audiences: string[] } {
  const { alg, typ } = decodeProtectedHeader(token);
  if (!algorithms.includes(alg ?? "")) throw refused("is not signed in a way that is taken here");
  if (!types.includes(typeof typ === "string" ? typ.toLowerCase() : typ))
    throw refused("is not one that signs people in");
  const { iss, aud } = readClaims(token);
  const audiences = [aud].flat().filter(isText);
  if (!isText(iss) || audiences.length === 0) throw refused("names no issuer or no audience");
  if (audiences.length > mostAudiences) throw refused("is for too many audiences");
  return { issuer: iss, audiences };
}

/** PostgreSQL cannot compare a text with NUL. */
const isText = (value: unknown): value is string => typeof value === "string" && !value.includes("\0");

function readClaims(token: string): JWTPayload {
  try {
    return decodeJwt(token);
  } catch {
    throw refused("cannot be read");
  }
}

/** Says why jose refused a token. Reasons that could help an attacker are not told apart. */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "has expired; get a new one";
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "nbf") return "is not valid yet; look at the clocks";
    return error.reason === "missing"
      ? `lacks the claim ${error.claim}`
      : `has a claim ${error.claim} that is not valid`;
  }
  if (error instanceof errors.JWKSNoMatchingKey) return "is signed with a key that its issuer does not publish";
  return "has no valid signature";
}

/** The problem of a token. */
export const refused = (reason: string) => new MusterError("unauthenticated", `The token ${reason}.`);
