import { pipeline as pipe, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress, createZstdDecompress } from "node:zlib";
import sql from "sql-template-tag";
import { MusterError } from "../../errors.ts";
import { settingsSchema } from "../../organizations/settings.ts";
import { type Database, withOrganization } from "../../store/database.ts";
import { identifier, prepared } from "../../store/sql.ts";
import type { Executor } from "../../store/statement.ts";

/** Bytes of one stored piece, about. */
const pieceBytes = 2 * 1024 * 1024;

/** A body of an import: the file that is read, or the packed one (gzip, ZIP) that its sender sent. */
export interface KeptBody {
  readonly organizationId: number;
  readonly importId: string;
  readonly isPacked?: boolean;
}

/**
 * Keeps the body of an import, compressed, as long as response files need it. Takes a connection for each piece and none
 * in between, so that it can go on beside the import itself. What an earlier run kept of the same body is replaced.
 */
export async function keepBody(
  database: Database,
  { organizationId, importId, isPacked = false }: KeptBody,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const compressor = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  let number = 0;
  await pipeline(Readable.from(body), compressor, async (pieces: AsyncIterable<Buffer>) => {
    for await (const data of inPieces(pieces)) {
      number += 1;
      await withOrganization(database, organizationId, async (transaction) => {
        // Nothing needs to wait for the disk. If a body must not get lost, a later commit waits for all that came before.
        await transaction.query("set local synchronous_commit = off");
        if (number === 1) await dropPieces(transaction, { organizationId, importId, isPacked });
        await transaction.query(
          prepared(sql`insert into import_bodies (organization_id, import_id, is_packed, number, data)
           values (${organizationId}, ${importId}, ${isPacked}, ${number}, ${data})
           on conflict (organization_id, import_id, is_packed, number) do update set data = excluded.data`),
        );
      });
    }
  });
}

async function dropPieces(executor: Executor, { organizationId, importId, isPacked }: Required<KeptBody>) {
  await executor.query(
    prepared(
      sql`delete from import_bodies where organization_id = ${organizationId} and import_id = ${importId} and is_packed = ${isPacked}`,
    ),
  );
}

async function* inPieces(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    bytes += chunk.length;
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(held);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held);
}

/** Deletes what is kept of an import's body, unless it is held: then it may still be applied. */
export async function dropBody(executor: Executor, organizationId: number, importId: string): Promise<void> {
  await executor.query(
    prepared(sql`delete from import_bodies b using imports i
     where b.organization_id = ${organizationId} and b.import_id = ${importId} and i.organization_id = ${organizationId} and i.id = ${importId} and i.status <> 'held'`),
  );
}

/** Deletes what is kept of a refused body. One that came by SFTP stays in the archive of its account, if files are kept. */
export async function dropRefusedBody(executor: Executor, organizationId: number, importId: string): Promise<void> {
  await executor.query(
    prepared(sql`delete from import_bodies b using imports i join organizations o on o.id = i.organization_id
     where b.organization_id = ${organizationId} and b.import_id = ${importId} and i.organization_id = ${organizationId} and i.id = ${importId}
       and (i.channel <> 'sftp' or o.settings ->> 'keepFilesDays' = '0')`),
  );
}

/** Deletes what is kept of an import's body as soon as it is not needed, if the organization keeps no files. */
export async function dropUnkeptBody(database: Database, organizationId: number, importId: string): Promise<void> {
  await withOrganization(database, organizationId, async (transaction) => {
    const organization = await (await transaction.records()).organization.findUnique({
      where: { id: organizationId },
      select: { settings: true },
    });
    const { keepFilesDays } = settingsSchema.parse(organization?.settings ?? {});
    if (keepFilesDays === 0) await dropBody(transaction, organizationId, importId);
  });
}

/**
 * Deletes the bodies and the plans of imports that are older than `before`. Held imports keep theirs until somebody
 * decides, and imports under way until they end.
 */
export async function dropFilesBefore(executor: Executor, organizationId: number, before: Date): Promise<void> {
  for (const table of ["import_bodies", "plan_items"].map(identifier)) {
    await executor.query(
      prepared(sql`
        delete from ${table} using imports
        where imports.organization_id = ${organizationId} and imports.created_at < ${before}
          and imports.status not in ('held', 'receiving', 'planning')
          and ${table}.organization_id = ${organizationId} and ${table}.import_id = imports.id`),
    );
  }
}

/**
 * Reads a body that was kept, piece by piece.
 * @throws MusterError gone when it is kept no longer, or never was
 */
export async function* openBody(database: Database, body: KeptBody): AsyncGenerator<Uint8Array> {
  const first = await readPiece(database, body, 1);
  if (!first) {
    throw new MusterError("gone", "The file of this import is not kept any more, so that there is no response file.");
  }
  const pieces = async function* () {
    for (let number = 1, data: Buffer | undefined = first; data; ) {
      yield data;
      number += 1;
      data = await readPiece(database, body, number);
    }
  };
  // Every failure reaches the consumer through the last stream.
  yield* pipe(Readable.from(pieces()), createZstdDecompress(), () => {});
}

async function readPiece(
  database: Database,
  { organizationId, importId, isPacked = false }: KeptBody,
  number: number,
): Promise<Buffer | undefined> {
  const { rows } = await withOrganization(database, organizationId, (transaction) =>
    transaction.query<{ data: Buffer }>(
      prepared(sql`select data from import_bodies
       where organization_id = ${organizationId} and import_id = ${importId} and is_packed = ${isPacked} and number = ${number}`),
    ),
  );
  return rows[0]?.data;
}
