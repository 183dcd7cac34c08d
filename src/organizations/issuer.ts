import { MusterError } from "../errors.ts";
import type { Executor } from "../store/database.ts";

/** The OpenID provider whose tokens sign people in. */
export interface Issuer {
  /** As the provider writes it in `iss`, to the letter. */
  readonly issuer: string;
  /** What `aud` has to hold: the name of this service at the provider. */
  readonly audience: string;
}

/** Whether a host name is this machine's own. */
export const isLoopback = (hostname: string): boolean =>
  /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[?::1\]?)$/i.test(hostname);

/** Whether something may be fetched from an address: over HTTPS, or over plain HTTP from this machine itself. */
export function isSafeToFetch(url: URL): boolean {
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}

/** Whether a text can be an issuer (OpenID Connect Discovery, section 2): an address without query, fragment and password. */
export function isIssuer(text: string): boolean {
  const url = text.length <= 1000 && text === text.trim() ? URL.parse(text) : null;
  return url !== null && isSafeToFetch(url) && !/[?#]/.test(text) && url.username === "" && url.password === "";
}

/** Whether a text can be an audience. */
export const isAudience = (text: string): boolean => /^[^\p{Cc}]{1,500}$/u.test(text);

/**
 * Sets whose tokens sign the people of an organization in. It makes the service fetch an address, and so is for who runs
 * the service to set, not for administrators of the organization.
 * @param owner a connection of the user that owns the tables
 * @param issuer null: tokens sign nobody in
 * @throws MusterError request_invalid when one of the two can't be; conflict when another organization has the pair; not_found
 */
export async function setIssuer(owner: Executor, organizationId: number, issuer: Issuer | null): Promise<void> {
  if (issuer !== null && !(isIssuer(issuer.issuer) && isAudience(issuer.audience))) {
    throw new MusterError(
      "request_invalid",
      "An issuer is an https address without query, and comes with an audience; http is for this machine alone.",
    );
  }
  const { rows } = await owner.query<{ id: number }>(
    "select id from organizations where oidc_issuer = $2 and oidc_audience = $3 and id <> $1",
    [organizationId, issuer?.issuer ?? null, issuer?.audience ?? null],
  );
  if (rows.length > 0) {
    throw new MusterError(
      "conflict",
      "Another organization has this issuer with this audience already, so that nobody could tell whose a token is. Give each an audience of its own.",
    );
  }
  const { rowCount } = await owner.query(
    "update organizations set oidc_issuer = $2, oidc_audience = $3 where id = $1",
    [...[organizationId, issuer?.issuer ?? null, issuer?.audience ?? null]],
  );
  if (rowCount !== 1) throw new MusterError("not_found", "There is no such organization.");
}
