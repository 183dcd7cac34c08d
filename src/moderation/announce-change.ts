import { MusterError } from "../errors.ts";
import type { AnnouncedChange, SourceResource } from "../organizations/source-resource.ts";
import { announceChange } from "../organizations/sources.ts";
import type { Moderation } from "./context.ts";
import { mayApproveImports } from "./rules.ts";

/**
 * Announces a change of a source, which approves an import in advance. A key therefore needs the right to approve imports.
 * The import of the person who announced it does not use the announcement.
 * @throws MusterError forbidden for a key that may import; not_found
 */
export function announceSourceChange(
  { database, queue, clock, actor: { organizationId, actor, userId, services = [] } }: Moderation,
  name: string,
  announced: Omit<AnnouncedChange, "usedBy">,
): Promise<SourceResource> {
  if (userId === null && !mayApproveImports(services))
    throw new MusterError(
      "forbidden",
      "A key that may import cannot announce a change. Use a key that has the service approvals and may not import.",
    );
  return announceChange({ database, queue, clock, organizationId, actor }, name, announced);
}
