import { MusterError } from "../../errors.ts";
import { createSessionLookup } from "../../sign-in/sessions.ts";
import type { Authentication, HttpDependencies } from "../server/dependencies.ts";
import { personCaller } from "./person-caller.ts";
import { sessionCookie } from "./session-cookie.ts";

/**
 * A person who signed in, by the session's cookie. A request with `Authorization` does not use it: what the sender shows
 * on purpose counts, not what a browser adds by itself. Whether the browser's page may send it is still to be looked at.
 */
export function bySession({ database, clock, publicUrl }: HttpDependencies): Authentication {
  const findSession = createSessionLookup(database, clock);
  return async (request) => {
    if (request.headers.authorization !== undefined) return undefined;
    const secret = sessionCookie(request, publicUrl);
    if (secret === undefined) return undefined;
    const session = await findSession(secret);
    const caller = session && (await personCaller(database, session.organizationId, session.userId, session.sessionId));
    if (caller === undefined) {
      throw new MusterError("unauthenticated", "Your session has ended. Sign in again.");
    }
    return caller;
  };
}
