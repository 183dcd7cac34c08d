import sql from "sql-template-tag";
import { z } from "zod";
import { recordChanges } from "../changes/record.ts";
import { MusterError } from "../errors.ts";
import { lockOrganization, type WriterQueue, writerPatience } from "../store/organization-lock.ts";
import type { Owner } from "../store/owner.ts";
import { prepared, selectRow, selectRows } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { isUniqueViolation } from "../store/unique-violation.ts";
import { insertAdminKey, type NewAdminKey, revokeAdminKeys } from "./admin-keys.ts";
import type { KeyContext } from "./api-keys.ts";
import { recordAudit } from "./audit-log.ts";
import { type Issuer, setIssuer } from "./issuer.ts";
import { createOrganization, nameTaken, operator } from "./organizations.ts";

/** An organization of examples. */
export const exampleOrganization = {
  id: "2",
  name: "Northern Campus",
  version: 1,
  users: 0,
  groups: 0,
  identityProvider: null,
  lastImport: null,
  createdAt: "2026-11-22T09:30:00.123456Z",
  updatedAt: "2026-11-22T09:30:00.123456Z",
};

/** An organization as the operator sees it: nothing of its data but counts. Times are RFC 3339 in UTC, with microseconds. */
export const summarySchema = z
  .object({
    id: z.string().describe("A number, as a string."),
    name: z.string(),
    version: z.int().describe("Counts the changes of name, settings and identity provider; it is the ETag."),
    users: z.int().describe("How many users it has."),
    groups: z.int().describe("How many groups it has."),
    identityProvider: z
      .object({ issuer: z.string(), audience: z.string() })
      .nullable()
      .describe("The OpenID provider whose tokens sign its people in; null: none do."),
    lastImport: z
      .object({ at: z.string(), kind: z.string(), status: z.string() })
      .nullable()
      .describe("The last import; null: no import yet. Dry runs do not count."),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: "OrganizationSummary", examples: [exampleOrganization] });
export type OrganizationSummary = z.infer<typeof summarySchema>;

/** The dependencies of the operator's work. */
export interface OperatorContext extends Omit<KeyContext, "actor"> {
  readonly owner: Owner;
  readonly queue: WriterQueue;
  /** This process may have appended to the organization's change log. */
  readonly written: (organizationId: number) => void;
  /** This process remembers no API keys any more. */
  readonly keysChanged: () => void;
}

const noSuchOrganization = () => new MusterError("not_found", "There is no such organization.");

/**
 * Makes sure that the operator's key is nobody else's: it would open an organization's data, too.
 * @param owner a connection of the user that owns the tables
 * @throws Error, one sentence
 */
export async function requireOwnOperatorKey(owner: Executor, keyHash: Uint8Array): Promise<void> {
  const { rowCount } = await owner.query(prepared(sql`select from api_keys where key_hash = ${keyHash}`));
  if (rowCount !== 0) {
    throw new Error("MUSTER_OPERATOR_KEY is the key of an organization already: choose another key and start again.");
  }
}

/**
 * Creates an organization, which begins with the default settings, and its first admin key.
 * @throws MusterError conflict when the name is taken
 */
export function addOrganization(
  { owner, ...keys }: OperatorContext,
  name: string,
): Promise<{ readonly organization: OrganizationSummary; readonly adminKey: NewAdminKey }> {
  return owner.transaction(async (transaction) => {
    const id = await createOrganization(transaction, { name, settings: {}, createdAt: keys.clock() });
    const adminKey = await insertAdminKey(transaction, id, keys);
    return { organization: await readSummary(transaction, id), adminKey };
  });
}

/**
 * The organizations by id, the oldest first.
 * @param page `after`: the id after which to begin; at most `limit` + 1 are returned
 */
export function listOrganizations(
  owner: Owner,
  page: { readonly after: number | undefined; readonly limit: number },
): Promise<OrganizationSummary[]> {
  return owner.transaction(async (transaction) => {
    return selectRows(
      transaction,
      summarySchema,
      prepared(sql`select ${columns} from (
         select * from organizations where id > ${page.after ?? 0} order by id limit ${page.limit + 1}
       ) organizations order by organizations.id`),
    );
  });
}

/** @throws MusterError not_found */
export function getOrganizationSummary(owner: Owner, organizationId: number): Promise<OrganizationSummary> {
  return owner.transaction((transaction) => readSummary(transaction, organizationId));
}

/**
 * Gives an organization another name, and records that in its change log and its audit log.
 * @param name undefined: it keeps the one that it has
 * @param checkVersion throws when the stored version is not the one that the caller knows
 * @throws MusterError not_found; conflict when the name is taken
 */
export function renameOrganization(
  context: OperatorContext,
  organizationId: number,
  name: string | undefined,
  checkVersion: (version: number) => void,
): Promise<OrganizationSummary> {
  return asOwningWriter(context, organizationId, async (transaction) => {
    const before = await readSummary(transaction, organizationId);
    checkVersion(before.version);
    if (name === undefined || before.name === name) return before;
    const at = context.clock();
    await setName(transaction, organizationId, name, at);
    await recordAudit(transaction, organizationId, {
      at,
      action: "organization.renamed",
      actor: operator,
      subject: null,
      details: { name },
    });
    await recordChanges(transaction, organizationId, { actor: operator }, [
      { type: "organization", action: "updated", id: before.id, changed: { name: { from: before.name, to: name } } },
    ]);
    return readSummary(transaction, organizationId);
  });
}

/**
 * Sets the OpenID provider whose tokens sign the people of an organization in.
 * @param issuer null: tokens sign nobody in
 * @param checkVersion throws when the stored version is not the one that the caller knows
 * @throws MusterError not_found; request_invalid; conflict when another organization has the pair of issuer and audience
 */
export function setIdentityProvider(
  context: OperatorContext,
  organizationId: number,
  issuer: Issuer | null,
  checkVersion: (version: number) => void,
): Promise<OrganizationSummary> {
  // The lock, because a change of these columns would wait for every transaction that names the organization in a new row.
  return asOwningWriter(context, organizationId, async (transaction) => {
    checkVersion((await readSummary(transaction, organizationId)).version);
    await setIssuer(transaction, organizationId, issuer, context.clock());
    return readSummary(transaction, organizationId);
  });
}

/**
 * One change of an organization by the operator: waits its turn, locks, works, commits.
 * @throws MusterError not_found; organization_busy when somebody else changes it for longer than 10 seconds
 */
export async function asOwningWriter<Result>(
  { owner, queue, written, keysChanged }: OperatorContext,
  organizationId: number,
  work: (transaction: Executor) => Promise<Result>,
): Promise<Result> {
  const change = () =>
    owner.transaction(async (transaction) => {
      await lockOrganization(transaction, organizationId);
      return work(transaction);
    });
  try {
    return await queue.run(organizationId, writerPatience, change);
  } finally {
    written(organizationId);
    keysChanged();
  }
}

/**
 * Makes a further admin key for an organization that lost its own. It is named `admin`, or `admin 2` and so on while a
 * valid key has that name.
 * @param revokeOthers true to revoke all other keys with the service `admin`; keys of jobs stay
 * @throws MusterError not_found
 */
export function issueAdminKey(
  { owner, ...keys }: OperatorContext,
  organizationId: number,
  revokeOthers: boolean,
): Promise<NewAdminKey> {
  const issue = owner.transaction(async (transaction) => {
    const { rowCount } = await transaction.query(
      prepared(sql`select from organizations where id = ${organizationId} for key share`),
    );
    if (rowCount === 0) throw noSuchOrganization();
    // As where organizations make keys themselves: no two valid ones have the same name.
    await transaction.query(prepared(sql`select pg_advisory_xact_lock(hashtext('api_keys'), ${organizationId})`));
    const revoked = revokeOthers ? await revokeAdminKeys(transaction, organizationId, keys.clock()) : 0;
    return { ...(await insertAdminKey(transaction, organizationId, keys)), revoked };
  });
  return issue.finally(keys.keysChanged);
}

/**
 * The organization as the operator sees it.
 * @throws MusterError not_found
 */
export async function readSummary(executor: Executor, organizationId: number): Promise<OrganizationSummary> {
  const organization = await selectRow(
    executor,
    summarySchema,
    prepared(sql`select ${columns} from organizations where id = ${organizationId}`),
  );
  if (!organization) throw noSuchOrganization();
  return organization;
}

const columns = sql`organizations.id::text as id, organizations.name, organizations.version,
  (select count(*) from users where users.organization_id = organizations.id) as users,
  (select count(*) from groups where groups.organization_id = organizations.id) as groups,
  case when organizations.oidc_issuer is not null then json_build_object(
    'issuer', organizations.oidc_issuer, 'audience', organizations.oidc_audience) end as "identityProvider",
  (select json_build_object('at', timestamp_text(imports.created_at), 'kind', imports.kind, 'status', imports.status)
   from imports where imports.organization_id = organizations.id and not imports.dry_run
   order by imports.id desc limit 1) as "lastImport",
  timestamp_text(organizations.created_at) as "createdAt", timestamp_text(organizations.updated_at) as "updatedAt"`;

async function setName(executor: Executor, organizationId: number, name: string, at: Date): Promise<void> {
  try {
    await executor.query(
      prepared(
        sql`update organizations set name = ${name}, version = version + 1, updated_at = ${at} where id = ${organizationId}`,
      ),
    );
  } catch (error) {
    if (isUniqueViolation(error)) throw nameTaken(name);
    throw error;
  }
}
