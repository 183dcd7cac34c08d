import { createDecoder, foundEncoding } from "./decode.ts";
import { textInTurns } from "./in-turns.ts";
import { createLinesReader, isRecordLine, type JsonReader } from "./json-lines.ts";
import type { JsonTarget } from "./json-members.ts";
import { createDocumentReader } from "./json-reader.ts";
import { type JsonLimits, limits as publishedLimits } from "./limits.ts";
import { createIgnoredNames, type Encoding, type ReadOptions } from "./reading.ts";
import { createRecordQueue } from "./record-queue.ts";
import type { SourceRecord } from "./records.ts";

/** Bytes that are decoded at once, however large the chunks. */
const pieceLength = 64 * 1024;

/**
 * Reads JSON of records (file formats, section 1.4): of users it is `{"users":[…]}`, a bare array of objects, or an
 * object a line (NDJSON). The members of an object are the columns. A member that the mapping does not read is skipped
 * with its content.
 *
 * Yields the records in their order. **Only the end of the generator says that the document is whole**; until then
 * nothing may be applied.
 *
 * @throws MusterError json_not_well_formed (RFC 8259), json_cut_off, json_limit_exceeded, document_root_wrong,
 *   document_structure_wrong, document_empty, encoding_invalid, encoding_unsupported, and whatever `chunks` throws
 */
export async function* readJsonRecords<Field extends string>(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions<Field>,
  limits: JsonLimits = publishedLimits.json,
): AsyncGenerator<SourceRecord<Field>[]> {
  const queue = createRecordQueue<Field>(limits.recordLength);
  const ignored = createIgnoredNames(options.mapping);
  const { encoding, charset, mapping, sourceName = "default" } = options;
  const decoder = createDecoder(() => reader.line(), { pinned: encoding, charset, xml: false });
  const damaged: { encoding: Encoding | undefined } = { encoding: undefined };
  const reader = createReader({ queue, ignored, mapping, limits, damaged }, sourceName);
  const read = async function* (text: string, isLast = false) {
    if (decoder.isDamaged) damaged.encoding = decoder.encoding;
    for await (const piece of textInTurns(reader.take(text, isLast))) {
      reader.write(piece);
      yield* queue.take(reader.position(), false);
    }
  };
  try {
    for await (const chunk of chunks) {
      for (let start = 0; start < chunk.length; start += pieceLength) {
        yield* read(decoder.write(chunk.subarray(start, start + pieceLength)));
      }
    }
    const { text, complete } = decoder.end();
    yield* read(text, true);
    reader.end(complete);
    yield* queue.take(0, true);
  } finally {
    options.onReading?.({ format: "json", ...foundEncoding(decoder), ignored: ignored.names() });
  }
}

/** A reader that collects the first line, which tells whether there is a record a line. */
interface HeadReader extends JsonReader {
  /**
   * Takes the next text of the document.
   * @returns what is to be written now; nothing as long as the first line goes on
   */
  take(text: string, isLast: boolean): string;
}

function createReader<Field extends string>(target: JsonTarget<Field>, sourceName: string): HeadReader {
  let reader: JsonReader | undefined;
  let head = "";
  const begin = (line: string) => {
    reader = isRecordLine(line, target) ? createLinesReader(target, sourceName) : createDocumentReader(target);
    return head;
  };
  return {
    line: () => reader?.line() ?? 1,
    position: () => reader?.position() ?? 0,
    take(text, isLast) {
      if (reader) return text;
      head += text;
      const line = text.includes("\n") ? /^\s*\S[^\n]*\n/.exec(head)?.[0] : undefined;
      if (line !== undefined || head.length > target.limits.recordLength) return begin(line ?? "");
      return isLast ? begin(head) : "";
    },
    write: (text) => reader?.write(text),
    end: (complete) => reader?.end(complete),
  };
}
