import sql from "sql-template-tag";
import { MusterError } from "../errors.ts";
import { prepared } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { isUniqueViolation } from "../store/unique-violation.ts";
import { recordAudit } from "./audit-log.ts";
import { operator } from "./organizations.ts";

/** The OpenID provider whose tokens sign people in. */
export interface Issuer {
  /** As the provider writes it in `iss`, to the letter. */
  readonly issuer: string;
  /** The required value of `aud`: the name of this service at the provider. */
  readonly audience: string;
}

/** True if a host name is this machine's own. */
export const isLoopback = (hostname: string): boolean =>
  /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[?::1\]?)$/i.test(hostname);

/** True if the service may fetch from an address: over HTTPS, or over plain HTTP from this machine itself. */
export function isSafeToFetch(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

/** True if a text can be an issuer (OpenID Connect Discovery, section 2): an address without query, fragment and password. */
export function isIssuer(text: string): boolean {
  const url = text.length <= 1000 && text === text.trim() ? URL.parse(text) : null;
  return url !== null && isSafeToFetch(url) && !/[?#]/.test(text) && url.username === "" && url.password === "";
}

/** True if a text can be an audience. */
export const isAudience = (text: string): boolean => /^[^\p{Cc}]{1,500}$/u.test(text);

/** The rule of an issuer, for a person. */
export const issuerRule = "is an https address without query and password; http is for this machine alone";

/**
 * Sets whose tokens sign the people of an organization in, and notes a change in the audit log. It makes the service fetch an
 * address, and so is for who runs the service to set, not for administrators of the organization.
 * @param owner a transaction of the user that owns the tables
 * @param issuer null: tokens sign nobody in
 * @param at the current time
 * @throws MusterError request_invalid when one of the two can't be; conflict when another organization has the pair; not_found
 */
export async function setIssuer(
  owner: Executor,
  organizationId: number,
  issuer: Issuer | null,
  at: Date,
): Promise<void> {
  if (issuer !== null && !(isIssuer(issuer.issuer) && isAudience(issuer.audience))) {
    throw new MusterError("request_invalid", `An issuer ${issuerRule}; it comes with an audience.`);
  }
  const known = await owner.query<{ issuer: string | null; audience: string | null }>(
    prepared(
      sql`select oidc_issuer as issuer, oidc_audience as audience from organizations where id = ${organizationId}`,
    ),
  );
  const [stored] = known.rows;
  if (!stored) throw new MusterError("not_found", "There is no such organization.");
  const details = { issuer: issuer?.issuer ?? null, audience: issuer?.audience ?? null };
  // A start repeats what it set before: it must not wait for imports then, nor look like a change.
  if (stored.issuer === details.issuer && stored.audience === details.audience) return;
  await storeIssuer(owner, organizationId, details, at);
  await recordAudit(owner, organizationId, {
    at,
    action: "identity_provider.changed",
    actor: operator,
    subject: null,
    details,
  });
}

async function storeIssuer(
  owner: Executor,
  organizationId: number,
  { issuer, audience }: { readonly issuer: string | null; readonly audience: string | null },
  at: Date,
): Promise<void> {
  try {
    await owner.query(
      prepared(
        sql`update organizations set oidc_issuer = ${issuer}, oidc_audience = ${audience}, version = version + 1, updated_at = ${at} where id = ${organizationId}`,
      ),
    );
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new MusterError(
      "conflict",
      "Another organization has this issuer with this audience already, so that nobody could tell whose a token is. Give each an audience of its own.",
      { field: "audience" },
    );
  }
}
