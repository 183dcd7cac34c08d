import { pipeline as pipe, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress, createZstdDecompress } from "node:zlib";
import { MusterError } from "../../errors.ts";
import { type Database, type Executor, withOrganization } from "../../store/database.ts";

/** Bytes of one stored piece, about. */
const pieceBytes = 2 * 1024 * 1024;

/**
 * Keeps the body of an import, compressed, as long as response files need it. Takes a connection for each piece and none
 * in between, so that it can go on beside the import itself.
 */
export async function keepBody(
  database: Database,
  organizationId: number,
  importId: string,
  body: AsyncIterable<Uint8Array>,
): Promise<void> {
  const compressor = createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  let number = 0;
  await pipeline(Readable.from(body), compressor, async (pieces: AsyncIterable<Buffer>) => {
    for await (const data of inPieces(pieces)) {
      number += 1;
      await withOrganization(database, organizationId, async (client) => {
        // Nothing but a response file depends on it: the import needn't wait for the disk.
        await client.query("set local synchronous_commit = off");
        await client.query(
          "insert into import_bodies (organization_id, import_id, number, data) values ($1, $2, $3, $4)",
          [organizationId, importId, number, data],
        );
      });
    }
  });
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
    `delete from import_bodies b using imports i
     where b.organization_id = $1 and b.import_id = $2 and i.organization_id = $1 and i.id = $2 and i.status <> 'held'`,
    [organizationId, importId],
  );
}

/** Deletes what is kept of an import's body as soon as it is not needed, if the organization keeps no files. */
export async function dropUnkeptBody(database: Database, organizationId: number, importId: string): Promise<void> {
  await withOrganization(database, organizationId, async (client) => {
    const { rows } = await client.query<{ keepsNone: boolean }>(
      `select settings ->> 'keepFilesDays' = '0' as "keepsNone" from organizations where id = $1`,
      [organizationId],
    );
    if (rows[0]?.keepsNone) await dropBody(client, organizationId, importId);
  });
}

/** Deletes the bodies and the plans of imports that are older than `before`; those of held ones stay until somebody decides. */
export async function dropFilesBefore(executor: Executor, organizationId: number, before: Date): Promise<void> {
  for (const table of ["import_bodies", "plan_items"]) {
    await executor.query(
      `delete from ${table} using imports
       where imports.organization_id = $1 and imports.created_at < $2 and imports.status <> 'held'
         and ${table}.organization_id = $1 and ${table}.import_id = imports.id`,
      [organizationId, before],
    );
  }
}

/**
 * Reads a body that was kept, piece by piece.
 * @throws MusterError gone when it is kept no longer, or never was
 */
export async function* openBody(
  database: Database,
  organizationId: number,
  importId: string,
): AsyncGenerator<Uint8Array> {
  const first = await readPiece(database, organizationId, importId, 1);
  if (!first) {
    throw new MusterError("gone", "The file of this import is not kept any more, so that there is no response file.");
  }
  const pieces = async function* () {
    for (let number = 1, data: Buffer | undefined = first; data; ) {
      yield data;
      number += 1;
      data = await readPiece(database, organizationId, importId, number);
    }
  };
  // Every failure reaches the consumer through the last stream.
  yield* pipe(Readable.from(pieces()), createZstdDecompress(), () => {});
}

async function readPiece(
  database: Database,
  organizationId: number,
  importId: string,
  number: number,
): Promise<Buffer | undefined> {
  const { rows } = await withOrganization(database, organizationId, (client) =>
    client.query<{ data: Buffer }>(
      "select data from import_bodies where organization_id = $1 and import_id = $2 and number = $3",
      [organizationId, importId, number],
    ),
  );
  return rows[0]?.data;
}
