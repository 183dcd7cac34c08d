import { isDeepStrictEqual } from "node:util";
import sql from "sql-template-tag";
import { z } from "zod";
import { recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import { type Database, withOrganization } from "../store/database.ts";
import type { Prisma } from "../store/generated/client.ts";
import { asWriter, type WriterQueue } from "../store/organization-lock.ts";
import { prepared, selectRow } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { recordAudit } from "./audit-log.ts";
import { type Settings, settingsOfNoRow, settingsSchema } from "./settings.ts";

/** The actor, in the logs, of work that is done at the machine instead of by the API. */
export const operator = "operator";

/** Number of the source that takes what names no source. */
export const defaultSource = 3;

/** An organization as the API shows it. Times are RFC 3339 in UTC, with microseconds. */
export const organizationSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    settings: settingsSchema,
    version: z.int(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({
    id: "Organization",
    examples: [
      {
        id: "1",
        name: "University",
        settings: settingsSchema.parse({ createGroups: ["CRS-*"] }),
        version: 2,
        createdAt: "2026-11-21T10:00:00.000000Z",
        updatedAt: "2026-11-22T09:30:00.123456Z",
      },
    ],
  });
export type OrganizationResource = z.infer<typeof organizationSchema>;

/** A change of settings: what is absent stays, null puts back the default. */
export type SettingsPatch = { readonly [Name in keyof Settings]?: Settings[Name] | null | undefined };

/** The actor of a change, and the dependencies of making it. */
export interface ChangeContext {
  readonly database: Database;
  readonly queue: WriterQueue;
  readonly clock: () => Date;
  readonly organizationId: number;
  readonly actor: string;
}

/** The first state of a new organization. */
export interface NewOrganization {
  readonly name: string;
  /** Those that are absent have their defaults. */
  readonly settings: Partial<Settings>;
  readonly createdAt: Date;
  /** True if the first start makes it, so that MUSTER_ADMIN_KEY is its key. */
  readonly isFirst?: boolean;
}

/** Two organizations cannot have the same name. */
export function nameTaken(name: string): MusterError {
  return new MusterError("conflict", `There is an organization named ${name} already. Choose another name.`, {
    field: "name",
  });
}

/**
 * Creates an organization with its change log and its source `default`.
 * @param owner a connection of the user that owns the tables, inside a transaction
 * @returns its number
 * @throws MusterError conflict when the name is taken
 */
export async function createOrganization(owner: Executor, organization: NewOrganization): Promise<number> {
  const { name, settings, createdAt, isFirst = false } = organization;
  const { rows } = await owner.query<{ id: number }>(
    prepared(sql`insert into organizations (name, settings, is_first, created_at, updated_at) values (${name}, ${JSON.stringify(settings)}, ${isFirst}, ${createdAt}, ${createdAt})
     on conflict (name) do nothing returning id`),
  );
  const [created] = rows;
  if (!created) throw nameTaken(name);
  await owner.query(prepared(sql`insert into feed_heads (organization_id) values (${created.id})`));
  await owner.query(
    prepared(sql`insert into sources (organization_id, number, name, rank, created_at, updated_at)
     values (${created.id}, ${defaultSource}, 'default', 1, ${createdAt}, ${createdAt})`),
  );
  await recordAudit(owner, created.id, {
    at: createdAt,
    action: "organization.created",
    actor: operator,
    subject: null,
  });
  return created.id;
}

/** Reads the organization. */
export function getOrganization(database: Database, organizationId: number): Promise<OrganizationResource> {
  return withOrganization(database, organizationId, async (transaction) => {
    const { organization } = await readOrganization(transaction, organizationId);
    return organization;
  });
}

/**
 * Changes settings. A change is recorded. If it shapes rows, the next imports look at unchanged rows again.
 * @param checkVersion throws when the stored version is not the one that the caller knows
 * @throws MusterError request_invalid when the settings that result are not valid
 */
export function patchSettings(
  context: ChangeContext,
  patch: SettingsPatch,
  checkVersion: (version: number) => void,
): Promise<OrganizationResource> {
  const { database, queue, clock, organizationId, actor } = context;
  return asWriter(database, queue, organizationId, async (transaction) => {
    const { organization, stored } = await readOrganization(transaction, organizationId);
    checkVersion(organization.version);
    const changed = applyPatch(stored, patch);
    const settings = validSettings(changed);
    const difference = differenceOf(organization.settings, settings);
    if (difference === undefined && isDeepStrictEqual(changed, stored)) return organization;
    const at = clock();
    const shapesRows = Object.keys(difference?.to ?? {}).some((name) => !settingsOfNoRow.has(name));
    const records = await transaction.records();
    await records.organization.update({
      where: { id: organizationId },
      data: {
        settings: changed as Prisma.InputJsonObject,
        version: { increment: 1 },
        rulesEpoch: { increment: 1 },
        rowsEpoch: { increment: shapesRows ? 1 : 0 },
        updatedAt: at,
      },
    });
    await recordAudit(transaction, organizationId, {
      at,
      action: "settings.changed",
      actor,
      subject: null,
      details: { settings: Object.keys(difference?.to ?? {}) },
    });
    if (difference !== undefined) {
      await recordChanges(transaction, organizationId, { actor }, [
        { type: "organization", action: "updated", id: organization.id, changed: { settings: difference } },
      ]);
    }
    return (await readOrganization(transaction, organizationId)).organization;
  });
}

interface StoredOrganization {
  readonly organization: OrganizationResource;
  /** The settings that somebody made; the others have their defaults. */
  readonly stored: Readonly<Record<string, unknown>>;
}

const organizationRow = organizationSchema
  .omit({ id: true, settings: true })
  .extend({ settings: z.record(z.string(), z.unknown()) });

async function readOrganization(executor: Executor, organizationId: number): Promise<StoredOrganization> {
  const row = await selectRow(
    executor,
    organizationRow,
    prepared(sql`select name, settings, version, timestamp_text(created_at) as "createdAt", timestamp_text(updated_at) as "updatedAt"
     from organizations where id = ${organizationId}`),
  );
  if (!row) throw new MusterError("not_found", "There is no such organization.");
  const { name, settings, version, createdAt, updatedAt } = row;
  return {
    organization: {
      id: String(organizationId),
      name,
      settings: settingsSchema.parse(settings),
      version,
      createdAt,
      updatedAt,
    },
    stored: settings,
  };
}

/** JSON merge patch (RFC 7396) of the first level: a setting is replaced whole. */
function applyPatch(stored: Readonly<Record<string, unknown>>, patch: SettingsPatch): Record<string, unknown> {
  const merged = new Map(Object.entries(stored));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else if (value !== undefined) merged.set(name, value);
  }
  return Object.fromEntries(merged);
}

function validSettings(candidate: Record<string, unknown>): Settings {
  const result = settingsSchema.safeParse(candidate);
  const errors = result.success
    ? []
    : result.error.issues.map(({ path, message }) => ({ field: `settings.${path.join(".")}`, message }));
  if (result.success && !isTimeZone(result.data.timeZone)) {
    errors.push({
      field: "settings.timeZone",
      message: "is not a time zone of the IANA database, e.g. America/New_York",
    });
  }
  if (result.success && errors.length === 0) return result.data;
  throw new MusterError("request_invalid", "The settings would not be valid; nothing was changed.", { errors });
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function differenceOf(from: Settings, to: Settings): { from: Partial<Settings>; to: Partial<Settings> } | undefined {
  const names = (Object.keys(settingsSchema.shape) as (keyof Settings)[]).filter(
    (name) => !isDeepStrictEqual(from[name], to[name]),
  );
  if (names.length === 0) return undefined;
  const pick = (settings: Settings) => Object.fromEntries(names.map((name) => [name, settings[name]]));
  return { from: pick(from), to: pick(to) };
}
