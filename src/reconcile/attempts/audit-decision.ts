import { recordAudit } from "../../organizations/audit-log.ts";
import type { Executor } from "../../store/statement.ts";
import type { Decision } from "./import-resource.ts";

/**
 * Notes in the audit log that somebody decided about a held import. The person's name and reason stay with the import.
 * @param executor the transaction in which the decision is carried out
 */
export function auditDecision(
  executor: Executor,
  organizationId: number,
  id: string,
  { outcome, actor, at }: Decision & { readonly outcome: "approved" | "discarded" },
): Promise<void> {
  return recordAudit(executor, organizationId, { at: new Date(at), action: `import.${outcome}`, actor, subject: id });
}
