import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { foldCase } from "../../../directory/text.ts";
import { selectRows } from "../../../store/sql.ts";
import type { Executor } from "../../../store/statement.ts";
import type { Setup } from "../../setup/setup.ts";
import { createsGroup } from "../plan/group-patterns.ts";
import { storedGroups } from "../plan/group-styles.ts";
import { isNameOfLocation } from "../plan/named-locations.ts";
import type { PlainRules } from "./plain-rows.ts";

const groupRow = z.object({ groupId: z.string(), name: z.string(), joinsEverybody: z.boolean() });

export const storedLocations = (organizationId: number): Sql =>
  sql`select name from locations where organization_id = ${organizationId}`;

/** Reads the rules that rows are held to, as they are now. */
export async function readPlainRules(executor: Executor, organizationId: number, setup: Setup): Promise<PlainRules> {
  const groups = await selectRows(executor, groupRow, storedGroups(organizationId));
  const locations = await selectRows(executor, z.object({ name: z.string() }), storedLocations(organizationId));
  const groupNames = new Set(groups.map(({ name }) => name));
  const locationNames = new Set(locations.map(({ name }) => foldCase(name)));
  const { createGroups, createLocations } = setup.settings;
  const isCreated = createsGroup(createGroups);
  return {
    sourceName: setup.source.name,
    settings: setup.settings,
    groups: new Set(groups.map(({ groupId }) => groupId)),
    createsGroup: (groupId) => isCreated(groupId) && !groupNames.has(foldCase(groupId)),
    joinedByEverybody: groups.filter(({ joinsEverybody }) => joinsEverybody).map(({ groupId }) => groupId),
    locations: new Set(locations.map(({ name }) => name)),
    createsLocation: (name) => createLocations && isNameOfLocation(name) && !locationNames.has(foldCase(name)),
  };
}
