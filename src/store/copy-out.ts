import pg from "pg";

/** The header before the rows: a signature, flags, and the length of an extension, which PostgreSQL never sends. */
const headerBytes = 19;

/** Bytes before a row's first field: the count of its fields. */
const countBytes = 2;

/**
 * Takes a row in COPY's binary format: of each field four bytes with its length, -1 for null, and then its bytes.
 * @param bytes hold the row up to their end; they may be used again afterwards
 * @param first where the first field begins
 */
export type TakeRow = (bytes: Buffer, first: number) => void;

/**
 * Runs a select without parameters and hands over its rows one by one, as bytes, as they arrive. The driver would make a
 * string of every field; a consumer that only passes it on needs no strings.
 * @param take must not throw
 */
export function forEachCopiedRow(client: pg.ClientBase, select: string, take: TakeRow): Promise<void> {
  const query = client.query(new BinaryCopy(`copy (${select}) to stdout (format binary)`, take));
  return new Promise((resolve, reject) => {
    query.once("error", reject);
    query.once("end", () => resolve());
  });
}

/** A statement of the driver that does not drop the data of a COPY, as the driver's own does. */
class BinaryCopy extends pg.Query {
  readonly #take: TakeRow;
  #next = headerBytes;

  constructor(text: string, take: TakeRow) {
    super(text);
    this.#take = take;
  }

  /** Called by the driver with each message of data: a row, by the protocol's word; the header goes before the first one. */
  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    const row = this.#next;
    this.#next = 0;
    // Instead of a row, the end has a count of -1.
    if (row < chunk.length && chunk.readInt16BE(row) >= 0) this.#take(chunk, row + countBytes);
  }
}
