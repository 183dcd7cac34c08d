import { MusterError } from "../errors.ts";
import { supportedEncoding } from "../intake/decode.ts";
import { detectFormat, detectionBytes, refuseForeign } from "../intake/detect.ts";
import { compileMapping, documentedMapping, type FieldMapping } from "../intake/mapping.ts";
import type { FileFormat, Reading, ReadOptions } from "../intake/reading.ts";
import type { NormalizationRules } from "../intake/records.ts";
import { openUserFile, type UserFile } from "../intake/user-file.ts";
import { type Settings, settingsSchema } from "../organizations/settings.ts";
import { sourceSettingsSchema } from "../organizations/source-settings.ts";
import { type Executor, withOrganization } from "../store/database.ts";
import { lockOrganization } from "../store/organization-lock.ts";
import { applyUsers } from "./apply-users.ts";
import { dropBodiesBefore, dropBody, keepBody } from "./bodies.ts";
import { type ImportContext, type RankedSource, ranks } from "./context.ts";
import { finishImport, getImport, openImport, receivedImport, refuseImport } from "./imports.ts";
import type { Outcomes } from "./outcomes.ts";
import { planUsers } from "./plan-users.ts";
import { findRepeated, importDone } from "./repeats.ts";
import { type SpooledBody, spoolBody } from "./spool.ts";
import { stageFile } from "./stage-file.ts";
import { emptyStaging, prepareStaging } from "./staging.ts";
import type { MatchingContext } from "./statements/match.ts";
import { insertPlanItems, planHashStatement } from "./statements/plan-items.ts";
import { countStatement, insertImportRows, outcomesStatement } from "./statements/report.ts";
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
    await dropBodiesBefore(client, organizationId, daysBefore(clock(), setup.settings.keepFilesDays));
    return setup;
  });
  try {
    const first = await importSpooled(dependencies, request, id, setup);
    if (first !== undefined) return await importDone(database, organizationId, first);
  } catch (error) {
    // The attempt is told of as far as the database allows; the error itself matters more.
    await withOrganization(database, organizationId, async (client) => {
      await dropBody(client, organizationId, id);
      await refuseImport(client, organizationId, id, error, clock());
    }).catch(() => {});
    if (error instanceof MusterError) error.importId = id;
    throw error;
  }
  return getImport(database, organizationId, id);
}

const daysBefore = (at: Date, days: number) => new Date(at.getTime() - days * 86_400_000);

/** Receives the body and processes it, unless it repeats another import, whose id is returned then. */
async function importSpooled(
  dependencies: ImportDependencies,
  request: ImportRequest,
  id: string,
  setup: Setup,
): Promise<string | undefined> {
  const { database, importQueue, importSlots } = dependencies;
  const { organizationId } = request;
  const body = await spoolBody(request.body, {
    directory: dependencies.spoolDirectory,
    name: id,
    maximumBytes: request.maximumBytes,
    ...(request.announcedBytes === undefined ? {} : { announcedBytes: request.announcedBytes }),
  });
  try {
    const format = await detectBody(body, request, setup);
    const first = await withOrganization(database, organizationId, async (client) => {
      await receivedImport(client, organizationId, id, { ...body, format });
      return request.repeatedWithin === undefined
        ? undefined
        : findRepeated(client, organizationId, id, request.repeatedWithin);
    });
    if (first !== undefined) return first;
    const kept = setup.settings.keepFilesDays === 0 ? undefined : keepBody(database, organizationId, id, body.open());
    // What comes of the import counts; without its body there is only no response file.
    const isKept = kept?.catch(() => {});
    try {
      await importQueue.run(organizationId % importSlots, importPatience, () =>
        reconcile(dependencies, request, id, { body, format }, setup),
      );
    } finally {
      await isKept;
    }
    return undefined;
  } finally {
    await body.discard();
  }
}

async function detectBody(body: SpooledBody, request: ImportRequest, setup: Setup): Promise<FileFormat> {
  const { encoding, charset } = readOptions(request, setup);
  for await (const head of body.open()) {
    refuseForeign(head);
    return request.format ?? detectFormat(head.subarray(0, detectionBytes), { pinned: encoding, charset });
  }
  return "csv";
}

/** How the file is read, by the source's settings and by what its sender says. */
function readOptions(request: ImportRequest, { source }: Setup): ReadOptions {
  const { mapping } = source;
  const charset = request.charset === undefined ? undefined : supportedEncoding(request.charset);
  const { delimiter, encoding, header } = mapping ?? {};
  return { mapping: mapping ? compileMapping(mapping) : documentedMapping, charset, delimiter, encoding, header };
}

/** What an import depends on beside its file. */
interface Setup {
  readonly source: RankedSource & { readonly name: string; readonly mapping: FieldMapping | null };
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
  readonly settings: unknown;
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
    `select number, name, rank, style, settings, last_import_id as "lastImportId" from sources where organization_id = $1`,
    [request.organizationId],
  );
  const settings = settingsSchema.parse(organizations[0]?.settings ?? {});
  const stored = sources.find(({ name }) => name === request.source);
  if (!stored) {
    const names = sources.map(({ name }) => name).sort();
    throw new MusterError("source_unknown", `There is no source of that name. There are: ${names.join(", ")}.`);
  }
  const source = { ...stored, mapping: sourceSettingsSchema.parse(stored.settings).mapping };
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
  { body, format }: { readonly body: SpooledBody; readonly format: FileFormat },
  setup: Setup,
): Promise<void> {
  const { database, clock } = dependencies;
  const { organizationId, dryRun } = request;
  let reading: Reading | null = null;
  const open = (by: Setup) =>
    openUserFile(body.open, format, {
      ...readOptions(request, by),
      onReading: (found) => {
        reading = found;
      },
    });
  const file = await open(setup);
  await withOrganization(
    database,
    organizationId,
    async (client) => {
      await prepareStaging(client);
      const stage = (by: Setup, file: UserFile) =>
        stageFile(client, matchingContext(request, by, 0), file, normalizationRules(by.settings));
      let staged = await stage(setup, file);
      const lastUserId = dryRun
        ? await readLastUserId(client, organizationId)
        : (await lockOrganization(client, organizationId, importPatience)).lastUserId;
      const current = await readSetup(client, request);
      // Settings that shaped the staged rows were changed meanwhile: read the file again by the new ones.
      if (!sameRules(current, setup)) {
        await emptyStaging(client);
        staged = await stage(current, await open(current));
      }
      const context: ImportContext = {
        ...matchingContext(request, current, lastUserId),
        ...ranks(current.source, current.sources),
        settings: current.settings,
      };
      await staged.match(client, context, current.state === setup.state);
      await planUsers(client, context, current.source.name);
      const counts = await count(client, context);
      const outcomes = await readOutcomes(client, context);
      await client.query(insertImportRows(context), [id]);
      const planHash = dryRun ? await keepPlan(client, context, id, current.source.name) : null;
      const recorded = dryRun
        ? { count: 0 }
        : await applyUsers(client, context, { id, actor: request.actor, sourceName: current.source.name, at: clock() });
      await finishImport(client, organizationId, id, {
        status: dryRun ? "planned" : "applied",
        ...{ counts, outcomes, reading, recorded, planHash },
        mapping: current.source.mapping,
        at: clock(),
      });
    },
    dryRun ? "repeatable read" : "read committed",
  );
}

/** Counts up when this code comes to read the same row differently, so that no digest of before is trusted. */
const rulesVersion = 2;
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

const sameRules = (one: Setup, other: Setup) => rulesOf(one) === rulesOf(other);

const rulesOf = ({ settings, source }: Setup) => JSON.stringify([normalizationRules(settings), source.mapping]);

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

/** Keeps the plan of a dry run; returns its hash. */
async function keepPlan(client: Executor, context: ImportContext, id: string, sourceName: string): Promise<string> {
  await client.query(insertPlanItems(context), [id, sourceName]);
  const { rows } = await client.query<{ hash: string }>(planHashStatement(context), [id]);
  return rows[0]!.hash;
}

async function readOutcomes(executor: Executor, context: ImportContext): Promise<Outcomes> {
  const { rows } = await executor.query<{ outcomes: Outcomes }>(outcomesStatement(context));
  return rows[0]!.outcomes;
}
