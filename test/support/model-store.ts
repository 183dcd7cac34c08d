/** Helpers for tests that compare the service with the reference model: imports into a database, and comparable states. */
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { after as afterAll } from "node:test";
import { createIdSource } from "../../src/identifiers.ts";
import type { ImportResource } from "../../src/reconcile/attempts/import-resource.ts";
import { listImportRows } from "../../src/reconcile/attempts/list-rows.ts";
import type { ImportOptions, IncomingFile } from "../../src/reconcile/receive/request.ts";
import type { ImportDependencies } from "../../src/reconcile/run/dependencies.ts";
import { importFile } from "../../src/reconcile/run/import-file.ts";
import { openDatabase } from "../../src/store/database.ts";
import { createImportQueue } from "../../src/store/import-queue.ts";
import type { importUsers } from "../model/import-users.ts";
import type { Organization, User } from "../model/state.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";

/** A file that the service is sent: the body is given whole. */
export type SentFile = Pick<ImportOptions, "kind" | "source" | "style"> &
  Pick<IncomingFile, "format"> & {
    readonly body: string;
    readonly dryRun?: boolean;
  };

/** A database of its own, and imports into it. */
export interface ModelStore {
  readonly database: TestDatabase;
  readonly dependencies: ImportDependencies;
  send(organizationId: number, file: SentFile): Promise<ImportResource>;
  /** Every note on a row, as "row outcome code field", each once and in order. */
  notesOf(organizationId: number, importId: string): Promise<string[]>;
  /** Reads the end of the change log. */
  head(organizationId: number): Promise<{ readonly last_sequence: string }>;
}

export async function openModelStore(after: typeof afterAll): Promise<ModelStore> {
  const database = await createTestDatabase();
  after(() => database.drop());
  const opened = openDatabase(database.connection, { maxConnections: 2 });
  database.beforeDrop(() => opened.close());
  const dependencies: ImportDependencies = {
    database: opened,
    importQueue: createImportQueue(1),
    // Small files of the model, too, have several parts.
    partRows: 2,
    clock: () => new Date("2026-02-03T04:05:06Z"),
    newId: createIdSource(() => new Date(), randomBytes),
    spoolDirectory: join(tmpdir(), `muster-model-${process.pid}`),
  };
  return {
    database,
    dependencies,
    async send(organizationId, { body, format, dryRun = false, ...options }) {
      const { resource } = await importFile(dependencies, {
        caller: { organizationId, actor: "test", channel: "api" },
        file: {
          fileName: null,
          maximumBytes: 1_000_000,
          ...(format === undefined ? {} : { format }),
          body: (async function* () {
            yield Buffer.from(body);
          })(),
        },
        options: { ...options, dryRun },
      });
      return resource;
    },
    async notesOf(organizationId, importId) {
      const { items } = await listImportRows(opened, organizationId, importId, {}, { limit: 1000 });
      // Merged rows are counted, and only the report lists them.
      const notes = items.filter(({ code }) => code !== "rows_merged");
      return [
        ...new Set(notes.map(({ row, outcome, code, field }) => `${row} ${outcome} ${code} ${field ?? ""}`)),
      ].sort();
    },
    async head(organizationId) {
      const { rows } = await database.owner.query("select * from feed_heads where organization_id = $1", [
        organizationId,
      ]);
      return rows[0];
    },
  };
}

/** People who were there before are told apart by id; new ones, whose ids may differ, by what they are. */
export function comparable(organization: Organization, lastUserId: number) {
  const known = [...organization.users.values()].filter(({ id }) => id <= lastUserId);
  const fresh = [...organization.users.values()].filter(({ id }) => id > lastUserId);
  return {
    groups: plain(organization.groups),
    locations: plain(organization.locations),
    optOuts: plain(organization.optOuts),
    deleted: [...organization.tombstones.keys()].sort(),
    known: known.sort((one, other) => one.id - other.id).map(plain),
    fresh: fresh.map((user: User) => plain({ ...user, id: 0 })).sort(byText),
  };
}

/** Maps and sets as sorted lists. */
function plain(value: unknown): unknown {
  if (value instanceof Map) return [...value].map(([key, entry]) => [key, plain(entry)]).sort(byText);
  if (value instanceof Set) return [...value].sort();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
}

export const byText = (one: unknown, other: unknown): number => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);

/** The notes of the model on an import of people, as `notesOf` has them. Row 0 has the notes on protected people who are not in the file. */
export const notesOfModel = ({ outcomes, absences }: ReturnType<typeof importUsers>): string[] =>
  [
    ...new Set([
      ...absences.filter(({ fate }) => fate === "keep").map(() => "0 unchanged person_kept "),
      ...outcomes.flatMap(({ row, outcome, issues }) =>
        issues.map(({ code, field }) => `${row} ${outcome} ${code} ${field ?? ""}`),
      ),
    ]),
  ].sort();
