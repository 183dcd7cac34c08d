import { type Database, withOrganization } from "../store/database.ts";
import type { Style } from "./settings.ts";

/** A source as the API shows it. */
export interface SourceResource {
  readonly name: string;
  /** 1 is the highest. */
  readonly rank: number;
  /** null: the organization's. */
  readonly style: Style | null;
  /** When an import of it was applied last: RFC 3339, UTC, microseconds; null: never. */
  readonly lastAppliedAt: string | null;
}

/** All sources of an organization, the highest first. There are at most 60. */
export function listSources(database: Database, organizationId: number): Promise<SourceResource[]> {
  return withOrganization(database, organizationId, async (client) => {
    const { rows } = await client.query<SourceResource>(
      `select name, rank, style, timestamp_text(last_applied_at) as "lastAppliedAt"
       from sources where organization_id = $1 order by rank, number`,
      [organizationId],
    );
    return rows;
  });
}

/** The name of a source, by its number; undefined when there is none. */
export function sourceName(database: Database, organizationId: number, number: number): Promise<string | undefined> {
  return withOrganization(database, organizationId, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "select name from sources where organization_id = $1 and number = $2",
      [organizationId, number],
    );
    return rows[0]?.name;
  });
}
