import type { FastifyRequest } from "fastify";
import { readStanding } from "../../directory/standing.ts";
import { MusterError } from "../../errors.ts";
import type { Capability } from "../../organizations/role-capabilities.ts";
import { type Database, withOrganization } from "../../store/database.ts";
import type { People } from "../contract/access.ts";

/**
 * Makes sure that the person who signed in may use the address.
 * @throws MusterError forbidden; not_found for a group that the person may not see, as for an unknown one
 */
export async function requirePerson(database: Database, request: FastifyRequest, people: People): Promise<void> {
  const { organizationId, userId, isNetworkAdministrator } = request.caller;
  const { id, groupId } = request.params as { readonly id?: string; readonly groupId?: string };
  if (userId === null) throw new Error("An API key is no person.");
  if (people === "nobody") throw forbidden("This address takes an API key only.");
  if (isNetworkAdministrator || people === "anyone") return;
  if (people === "network-administrators") throw forbidden("Only network administrators may do that.");
  if (people === "self") {
    if (id !== String(userId)) throw forbidden("That is about somebody else: only network administrators may do it.");
    return;
  }
  const standing = await withOrganization(database, organizationId, (client) =>
    readStanding(client, organizationId, userId, groupId ?? ""),
  );
  if (!standing.capabilities.includes(people)) throw forbidden(`To do that takes a role that may ${deeds[people]}.`);
}

/** Describes a capability for a person. */
const deeds: Readonly<Record<Capability, string>> = {
  see: "see this group",
  submit: "submit topics in this group",
  publish: "publish topics in this group",
  decide: "decide in this group",
  administer: "administer this group",
};

const forbidden = (detail: string) => new MusterError("forbidden", detail);
