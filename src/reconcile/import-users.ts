import { MusterError } from "../errors.ts";
import type { NormalizationRules } from "../intake/records.ts";
import { scanXmlUsers } from "../intake/xml-scan.ts";
import { type Settings, settingsSchema } from "../organizations/settings.ts";
import { type Executor, withOrganization } from "../store/database.ts";
import { lockOrganization } from "../store/organization-lock.ts";
import { applyUsers } from "./apply-users.ts";
import { type ImportContext, type RankedSource, ranks } from "./context.ts";
import { finishImport, getImport, openImport, receivedImport, refuseImport } from "./imports.ts";
import { planUsers } from "./plan-users.ts";
import { type SpooledBody, spoolBody } from "./spool.ts";
import { stageFile } from "./stage-file.ts";
import { emptyStaging, prepareStaging } from "./staging.ts";
import type { MatchingContext } from "./statements/match.ts";
import { countStatement, insertImportRows } from "./statements/report.ts";
import type { ImportCounts, ImportDependencies, ImportRequest, ImportResource } from "./types.ts";

/** How long an import waits for those before it, in milliseconds. */
const importPatience = 3_600_000;

/**
 * Imports a roster of users: receives it, reads all of it, and only then brings what is stored in line with it, in one
 * transaction (docs/architecture.md). The attempt stands under imports, whatever becomes of it.
 * @throws MusterError when the document is refused; nothing is applied then. `importId` of the error names the attempt.
 */
export async function importUsers(dependencies: ImportDependencies, request: ImportRequest): Promise<ImportResource> {
  const { database, clock, newId } = dependencies;
  const { organizationId } = request;
  const id = newId();
  const setup = await withOrganization(database, organizationId, async (client) => {
    const setup = await readSetup(client, request);
    await openImport(client, request, { id, style: setup.style, source: setup.source.number, at: clock() });
    return setup;
  });
  try {
    const body = await spoolBody(request.body, {
      directory: dependencies.spoolDirectory,
      name: id,
      maximumBytes: request.maximumBytes,
      ...(request.announcedBytes === undefined ? {} : { announcedBytes: request.announcedBytes }),
    });
    try {
      await withOrganization(database, organizationId, (client) => receivedImport(client, organizationId, id, body));
      await dependencies.importQueue.run(organizationId % dependencies.importSlots, importPatience, () =>
        reconcile(dependencies, request, id, body, setup),
      );
    } finally {
      await body.discard();
    }
  } catch (error) {
    // The attempt is told of as far as the database allows; the error itself matters more.
    await withOrganization(database, organizationId, (client) =>
      refuseImport(client, organizationId, id, error, clock()),
    ).catch(() => {});
    if (error instanceof MusterError) error.importId = id;
    throw error;
  }
  return getImport(database, organizationId, id);
}

/** What an import depends on beside its file. */
interface Setup {
  readonly source: RankedSource & { readonly name: string };
  readonly sources: readonly RankedSource[];
  readonly style: ImportContext["style"];
  readonly settings: Settings;
  readonly rulesEpoch: number;
  /** Differs after everything that could make a digest's verdict another one. */
  readonly state: string;
}

interface StoredSource extends RankedSource {
  [column: string]: unknown;
  readonly name: string;
  readonly style: ImportContext["style"] | null;
  readonly lastImportId: string | null;
}

async function readSetup(executor: Executor, request: ImportRequest): Promise<Setup> {
  const { rows: organizations } = await executor.query<{ settings: unknown; rulesEpoch: number; lastSequence: number }>(
    `select settings, rules_epoch as "rulesEpoch", last_sequence as "lastSequence"
     from organizations join feed_heads on organization_id = id where id = $1`,
    [request.organizationId],
  );
  const { rows: sources } = await executor.query<StoredSource>(
    `select number, name, rank, style, last_import_id as "lastImportId" from sources where organization_id = $1`,
    [request.organizationId],
  );
  const settings = settingsSchema.parse(organizations[0]?.settings ?? {});
  const source = sources.find(({ name }) => name === request.source);
  if (!source) {
    const names = sources.map(({ name }) => name).sort();
    throw new MusterError("source_unknown", `There is no source of that name. There are: ${names.join(", ")}.`);
  }
  const style = request.style ?? source.style ?? settings.style;
  if (style !== "normal") {
    throw new MusterError("request_invalid", `The style ${style} is not available yet; use normal.`);
  }
  const { rulesEpoch, lastSequence } = organizations[0]!;
  const state = [rulesEpoch, style, lastSequence, source.lastImportId].join(" ");
  return { source, sources, style, settings, rulesEpoch, state };
}

/** Plans and, unless it is a dry run, applies, in one transaction on one connection. */
async function reconcile(
  dependencies: ImportDependencies,
  request: ImportRequest,
  id: string,
  body: SpooledBody,
  setup: Setup,
): Promise<void> {
  const { database, clock } = dependencies;
  const { organizationId, dryRun } = request;
  const scan = await scanXmlUsers(body.open());
  await withOrganization(
    database,
    organizationId,
    async (client) => {
      await prepareStaging(client);
      const stage = (by: Setup) =>
        stageFile(client, matchingContext(request, by, 0), body, scan, normalizationRules(by.settings));
      let staged = await stage(setup);
      const lastUserId = dryRun
        ? await readLastUserId(client, organizationId)
        : (await lockOrganization(client, organizationId, importPatience)).lastUserId;
      const current = await readSetup(client, request);
      // Settings that shaped the staged rows were changed meanwhile: read the file again by the new ones.
      if (!sameRules(current.settings, setup.settings)) {
        await emptyStaging(client);
        staged = await stage(current);
      }
      const context: ImportContext = {
        ...matchingContext(request, current, lastUserId),
        ...ranks(current.source, current.sources),
        settings: current.settings,
      };
      await staged.match(client, context, current.state === setup.state);
      await planUsers(client, context, current.source.name);
      const counts = await count(client, context);
      await client.query(insertImportRows(context), [id]);
      const recorded = dryRun
        ? { count: 0 }
        : await applyUsers(client, context, { id, actor: request.actor, sourceName: current.source.name, at: clock() });
      await finishImport(client, organizationId, id, {
        status: dryRun ? "planned" : "applied",
        counts,
        recorded,
        at: clock(),
      });
    },
    dryRun ? "repeatable read" : "read committed",
  );
}

/** Counts up when this code comes to read the same row differently, so that no digest of before is trusted. */
const rulesVersion = 1;
const rulesVersions = 1_000;

const matchingContext = (request: ImportRequest, setup: Setup, lastUserId: number): MatchingContext => ({
  organizationId: request.organizationId,
  source: setup.source.number,
  rulesEpoch: setup.rulesEpoch * rulesVersions + rulesVersion,
  style: setup.style,
  lastUserId,
});

const normalizationRules = ({ countryCode, grantableRoles }: Settings): NormalizationRules => ({
  countryCode,
  grantableRoles,
});

const sameRules = (one: Settings, other: Settings) =>
  JSON.stringify(normalizationRules(one)) === JSON.stringify(normalizationRules(other));

async function readLastUserId(executor: Executor, organizationId: number): Promise<number> {
  const { rows } = await executor.query<{ lastUserId: number }>(
    `select last_user_id as "lastUserId" from feed_heads where organization_id = $1`,
    [organizationId],
  );
  return rows[0]!.lastUserId;
}

async function count(executor: Executor, context: ImportContext): Promise<ImportCounts> {
  const { rows } = await executor.query<ImportCounts & { [column: string]: unknown }>(countStatement(context));
  return rows[0]!;
}
