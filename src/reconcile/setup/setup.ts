import sql from "sql-template-tag";
import { z } from "zod";
import { MusterError } from "../../errors.ts";
import { supportedEncoding } from "../../intake/encoding-labels.ts";
import { hasLostLetters } from "../../intake/lost-letters.ts";
import { readOptionsOf } from "../../intake/mapping.ts";
import type { ReadOptions } from "../../intake/reading.ts";
import type { NormalizationRules } from "../../intake/records.ts";
import { type Settings, type Style, settingsSchema, styles } from "../../organizations/settings.ts";
import { type AnnouncedChange, announcedChangeSchema } from "../../organizations/source-resource.ts";
import { type SourceSettings, sourceSettingsSchema } from "../../organizations/source-settings.ts";
import type { Transaction } from "../../store/database.ts";
import { constant, literal, prepared, selectRow } from "../../store/sql.ts";
import type { ImportOptions } from "../receive/request.ts";
import { type ImportContext, type MatchingContext, type RankedSource, ranks } from "./context.ts";
import { type StyleRules, styleRules } from "./style-rules.ts";

/** An announced change, with the actor who announced it; absent of older ones. */
type StoredAnnouncement = AnnouncedChange & { readonly actor?: string | undefined };

/** The settings and the state that an import depends on, beside its file. */
export interface Setup {
  readonly source: RankedSource &
    SourceSettings & { readonly name: string; readonly announcedChange: StoredAnnouncement | null };
  readonly sources: readonly RankedSource[];
  readonly style: Style;
  readonly rules: StyleRules;
  readonly settings: Settings;
  /** Ids of groups that have a comma in them, or look as if letters were lost. */
  readonly unusualGroups: readonly string[];
  /** Counts the changes of settings and groups that may give an unchanged row another meaning. */
  readonly rowsEpoch: number;
  /** Nothing of the source was applied yet. */
  readonly isFirstOfSource: boolean;
  /** Differs after everything that could make a digest's verdict another one. */
  readonly state: string;
}

const organizationRow = z.object({
  settings: z.unknown(),
  rulesEpoch: z.int(),
  rowsEpoch: z.int(),
  lastSequence: z.int(),
  unusualGroups: z.array(z.string()),
});

const sourceRow = z.object({
  number: z.int(),
  name: z.string(),
  rank: z.int(),
  style: z.enum(styles).nullable(),
  settings: z.unknown(),
  lastImportId: z.string().nullable(),
  announcedChange: announcedChangeSchema.extend({ actor: z.string().optional() }).nullable(),
});

/** @throws MusterError source_unknown */
export async function readSetup(
  transaction: Transaction,
  organizationId: number,
  options: Pick<ImportOptions, "source" | "style">,
): Promise<Setup> {
  const organization = await selectRow(
    transaction,
    organizationRow,
    prepared(sql`
      select settings, rules_epoch as "rulesEpoch", rows_epoch as "rowsEpoch", last_sequence as "lastSequence",
        array(
          select group_id from groups where organization_id = ${organizationId} and group_id ~ '[,，、?\\u0080-\\uffff]'
        ) as "unusualGroups"
      from organizations join feed_heads on organization_id = id where id = ${organizationId}`),
  );
  if (organization === undefined) throw new MusterError("not_found", "There is no such organization.");
  const { rulesEpoch, rowsEpoch, lastSequence } = organization;
  const unusualGroups = organization.unusualGroups.filter((id) => /[,，、]/.test(id) || hasLostLetters(id));
  const records = await transaction.records();
  const sources = (await records.source.findMany({ where: { organizationId, retiredAt: null } })).map((stored) =>
    sourceRow.parse(stored),
  );
  const settings = settingsSchema.parse(organization.settings);
  const stored = sources.find(({ name }) => name === options.source);
  if (!stored) {
    const names = sources.map(({ name }) => name).sort();
    throw new MusterError("source_unknown", `There is no source of that name. There are: ${names.join(", ")}.`);
  }
  const source = { ...stored, ...sourceSettingsSchema.parse(stored.settings) };
  const style = options.style ?? source.style ?? settings.style;
  const state = [rulesEpoch, style, lastSequence, source.lastImportId].join(" ");
  return {
    source,
    sources,
    style,
    rules: styleRules(style),
    settings,
    unusualGroups,
    rowsEpoch,
    isFirstOfSource: stored.lastImportId === null,
    state,
  };
}

/**
 * How a file of users is read.
 * @param charset the encoding's label in the content type; undefined: the sender named none
 * @throws MusterError encoding_unsupported
 */
export function readOptions(charset: string | undefined, { source }: Setup): ReadOptions {
  const encoding = charset === undefined ? undefined : supportedEncoding(charset);
  return { ...readOptionsOf(source.mapping, encoding), sourceName: source.name };
}

/** Counts up when this code comes to read the same row differently, so that no digest of before is trusted. */
export const rulesVersion = 7;
const rulesVersions = 1_000;

/** Makes the context of the statements that match. */
export const matchingContext = (
  organizationId: number,
  setup: Setup,
  lastUserId: number,
  knowsNobody = false,
): MatchingContext => ({
  organizationId,
  organization: literal(organizationId),
  sourceNumber: setup.source.number,
  source: literal(setup.source.number),
  rulesEpoch: literal(setup.rowsEpoch * rulesVersions + rulesVersion),
  style: constant(setup.style),
  lastUserId: literal(lastUserId),
  knowsNobody,
});

/**
 * Makes the context of the statements that plan and apply.
 * @param knowsNobody nobody is known, or was before this import began
 */
export const importContext = (
  organizationId: number,
  setup: Setup,
  lastUserId: number,
  knowsNobody = false,
): ImportContext => ({
  ...matchingContext(organizationId, setup, lastUserId, knowsNobody),
  ...ranks(setup.source, setup.sources),
  rules: setup.rules,
  isDefaultSource: setup.source.name === "default",
  ownsPrimaryEmail: setup.source.primaryEmail === "source",
  holdsRemovals: false,
  settings: setup.settings,
});

/** The rules by which rows are normalised. */
export const normalizationRules = ({ settings, unusualGroups }: Setup): NormalizationRules => ({
  countryCode: settings.countryCode,
  grantableRoles: settings.grantableRoles,
  unusualGroups: new Set(unusualGroups),
});

/** Tells if reading a file yields the same rows by both. */
export const sameRules = (one: Setup, other: Setup): boolean => rulesOf(one) === rulesOf(other);

const rulesOf = ({ settings, unusualGroups, source }: Setup) =>
  JSON.stringify([settings.countryCode, settings.grantableRoles, unusualGroups, source.mapping]);
