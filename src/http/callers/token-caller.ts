import { MusterError } from "../../errors.ts";
import { findTokenPerson } from "../../sign-in/token-person.ts";
import { checkToken, looksLikeToken } from "../../sign-in/tokens.ts";
import type { Authentication, HttpDependencies } from "../server/dependencies.ts";
import { personCaller } from "./person-caller.ts";

/** A person who signed in, by a token of the organization's OpenID provider: `Authorization: Bearer TOKEN`. */
export function byToken({ database, clock, keysOf }: HttpDependencies): Authentication {
  return async (request) => {
    const [, value] = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? "") ?? [];
    if (value === undefined || !looksLikeToken(value)) return undefined;
    const token = await checkToken(database, keysOf, clock, value);
    const userId = await findTokenPerson(database, token);
    const caller = await personCaller(database, token.organizationId, userId, null);
    if (caller === undefined) throw new MusterError("unauthenticated", "You are not known any more.");
    return caller;
  };
}
