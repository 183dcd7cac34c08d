/** The files of a series on their way to the service and to the reference model. */
import { normalizeUser } from "../../src/intake/normalize-user.ts";
import type { ImportResource } from "../../src/reconcile/attempts/import-resource.ts";
import { sourceNumbers } from "../model/generate.ts";
import { importUsers } from "../model/import-users.ts";
import { renderXml } from "../model/render-xml.ts";
import type { Organization } from "../model/state.ts";
import type { ModelStore } from "../support/model-store.ts";
import type { Sent } from "./series.ts";

/** The seed of the random cases; FAST_CHECK_SEED repeats a run. */
export const seed = process.env.FAST_CHECK_SEED ? Number(process.env.FAST_CHECK_SEED) : Date.now() & 0x7fffffff;
/** How many cases a property is tried with, unless it says otherwise. */
export const runs = Number(process.env.FAST_CHECK_RUNS ?? 30);

/** Sends a file of users as XML. */
export function sendUsers(
  store: ModelStore,
  organizationId: number,
  { source, style, records }: Sent,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<ImportResource> {
  const name = Object.entries(sourceNumbers).find(([, number]) => number === source)![0];
  return store.send(organizationId, {
    kind: "users",
    source: name,
    style,
    format: "xml",
    dryRun,
    body: renderXml(records),
  });
}

/** Applies the same file to the model. */
export const sendToModel = (organization: Organization, { source, style, records }: Sent) =>
  importUsers(organization, {
    source,
    style,
    rows: records.map((record) => normalizeUser(record, organization.settings)),
  });
