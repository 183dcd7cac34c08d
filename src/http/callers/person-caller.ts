import { readViewer } from "../../directory/visible-groups.ts";
import { MusterError } from "../../errors.ts";
import { callerIdOf } from "../../sign-in/person.ts";
import { type Database, withOrganization } from "../../store/database.ts";
import type { Caller } from "../server/dependencies.ts";

/** The caller that a person is; undefined when the person was deleted. */
export async function personCaller(
  database: Database,
  organizationId: number,
  userId: number,
  sessionId: string | null,
): Promise<Caller | undefined> {
  const viewer = await withOrganization(database, organizationId, (client) =>
    readViewer(client, organizationId, userId),
  ).catch((error: unknown) => {
    if (error instanceof MusterError && error.code === "not_found") return undefined;
    throw error;
  });
  if (viewer === undefined) return undefined;
  return {
    organizationId,
    userId,
    sessionId,
    callerId: callerIdOf(organizationId, userId),
    actor: `user:${userId}`,
    isNetworkAdministrator: viewer.isNetworkAdministrator,
    services: [],
    source: null,
  };
}
