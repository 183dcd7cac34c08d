import type { TakeRow } from "../store/copy-out.ts";

/** A text of changes in JSON, open at its end. */
export interface ChangesText {
  /** Takes a change as bytes, with the columns of `entriesStatement`. */
  readonly add: TakeRow;
  /** Returns the number of changes so far. */
  count(): number;
  /** Returns the text before the changes, the changes, and the text after them, in UTF-8. Nothing can be added afterwards. */
  end(after: string): Buffer | string;
}

/** The text around changes. */
export interface ChangesFrame {
  /** Before the first one. */
  readonly before: string;
  /** Between two: on lines of their own, changes have no line break within. */
  readonly separator: "," | "\n";
}

/** No change has more bytes of JSON than this besides what its texts take. */
const mostFixedBytes = 400;

/** The most bytes that one of a text becomes within JSON, as in \u0001. */
const longestEscape = 6;

/** Bytes beyond what is expected: for what comes before and after the changes. */
const spareBytes = 2048;

/**
 * Begins a text of changes. It is written here and not by PostgreSQL, which takes longer for it, and from bytes to bytes
 * (decision 015); what is JSON in the log already is passed on as it is. All of it is one buffer, so that it is copied only
 * once.
 * @param sources names of the sources by their numbers
 * @param expected bytes that the changes will take, about
 */
export function createChangesText(
  { before, separator }: ChangesFrame,
  sources: Readonly<Record<string, string>> = {},
  expected = 0,
): ChangesText {
  const sourceTexts = new Map(
    Object.entries(sources).map(([number, name]) => [Number(number), Buffer.from(JSON.stringify(name))]),
  );
  const writers: Writers = {
    sourceTexts,
    putTime: createTimeWriter(),
    putJson: separator === "\n" ? putInLine : putBytes,
  };
  const fixedBytes = mostFixedBytes + Math.max(0, ...[...sourceTexts.values()].map(({ length }) => length));
  const separatorByte = separator.charCodeAt(0);
  let buffer: Buffer | undefined;
  let used = 0;
  let count = 0;
  const withRoom = (bytes: number): Buffer => {
    if (buffer !== undefined && used + bytes <= buffer.length) return buffer;
    const larger = Buffer.allocUnsafe(
      Math.ceil(buffer === undefined ? expected : buffer.length * 1.25) + bytes + spareBytes,
    );
    if (buffer === undefined) used = larger.write(before);
    else buffer.copy(larger, 0, 0, used);
    buffer = larger;
    return larger;
  };
  return {
    add(row, first) {
      const sequence = fieldAfter(row, fieldAfter(row, first));
      const out = withRoom(fixedBytes + sequence - first + (row.length - sequence) * longestEscape);
      let end = used;
      if (count > 0) out[end++] = separatorByte;
      count += 1;
      used = putChange(out, end, row, first, writers);
    },
    count: () => count,
    end(after) {
      if (count === 0) return before + after;
      const out = withRoom(Buffer.byteLength(after));
      used += out.write(after, used);
      const text = out.subarray(0, used);
      // A slow reader holds little more than the text itself.
      return used > out.length * 0.75 ? text : Buffer.from(text);
    },
  };
}

/** Writes the parts of a change that depend on the page. */
interface Writers {
  readonly sourceTexts: ReadonlyMap<number, Buffer>;
  readonly putTime: (out: Buffer, end: number, microseconds: number) => number;
  readonly putJson: typeof putBytes;
}

/** Writes one change as a JSON object. */
function putChange(
  out: Buffer,
  start: number,
  row: Buffer,
  first: number,
  { sourceTexts, putTime, putJson }: Writers,
): number {
  const memberships = fieldAfter(row, first);
  const sequence = fieldAfter(row, memberships);
  const at = fieldAfter(row, sequence);
  const type = fieldAfter(row, at);
  const action = fieldAfter(row, type);
  const id = fieldAfter(row, action);
  const databaseId = fieldAfter(row, id);
  const username = fieldAfter(row, databaseId);
  const source = fieldAfter(row, username);
  const importId = fieldAfter(row, source);
  const actor = fieldAfter(row, importId);
  let end = start;
  end = put(out, end, keys.sequence);
  end = putNumber(out, end, readInt64(row, sequence + 4));
  end = put(out, end, keys.at);
  end = putTime(out, end, readInt64(row, at + 4));
  end = put(out, end, keys.type);
  end = putText(out, end, row, type);
  end = put(out, end, keys.action);
  end = putText(out, end, row, action);
  end = put(out, end, keys.id);
  end = putText(out, end, row, id);
  end = put(out, end, keys.databaseId);
  end = putText(out, end, row, databaseId);
  end = put(out, end, keys.username);
  end = putText(out, end, row, username);
  end = put(out, end, keys.source);
  end = put(out, end, (isNull(row, source) ? undefined : sourceTexts.get(row.readInt16BE(source + 4))) ?? nothing);
  end = put(out, end, keys.importId);
  end = putUuid(out, end, row, importId);
  end = put(out, end, keys.actor);
  end = putText(out, end, row, actor);
  end = put(out, end, keys.changed);
  end = putJson(out, end, row, first + 4, memberships);
  end = put(out, end, keys.memberships);
  end = putJson(out, end, row, memberships + 4, sequence);
  out[end++] = closingBrace;
  return end;
}

const keys = {
  sequence: Buffer.from('{"sequence":'),
  at: Buffer.from(',"at":"'),
  type: Buffer.from('","type":'),
  action: Buffer.from(',"action":'),
  id: Buffer.from(',"id":'),
  databaseId: Buffer.from(',"databaseId":'),
  username: Buffer.from(',"username":'),
  source: Buffer.from(',"source":'),
  importId: Buffer.from(',"importId":'),
  actor: Buffer.from(',"actor":'),
  changed: Buffer.from(',"changed":'),
  memberships: Buffer.from(',"memberships":'),
} as const;
const nothing = Buffer.from("null");
const hexDigits = Buffer.from("0123456789abcdef");
const zero = 0x30;
const quote = 0x22;
const hyphen = 0x2d;
const backslash = 0x5c;
const closingBrace = 0x7d;
const space = 0x20;
const lineBreak = 0x0a;

// A field begins with its length. Each put function takes the end of the text so far and returns its new end.

const isNull = (row: Buffer, field: number): boolean => row.readInt32BE(field) === -1;

const fieldAfter = (row: Buffer, field: number): number => field + 4 + Math.max(0, row.readInt32BE(field));

const readInt64 = (row: Buffer, start: number): number =>
  row.readInt32BE(start) * 0x1_0000_0000 + row.readUInt32BE(start + 4);

/** Bytes up to which a loop is faster than a call of the runtime. */
const fewBytes = 48;

function putBytes(out: Buffer, end: number, from: Buffer, start: number, stop: number): number {
  if (stop - start > fewBytes) return end + from.copy(out, end, start, stop);
  let next = end;
  for (let index = start; index < stop; index += 1) out[next++] = from[index]!;
  return next;
}

const put = (out: Buffer, end: number, text: Buffer): number => putBytes(out, end, text, 0, text.length);

/** JSON without the line breaks between its tokens; those within texts are escaped already. */
function putInLine(out: Buffer, end: number, from: Buffer, start: number, stop: number): number {
  const next = putBytes(out, end, from, start, stop);
  for (let index = end; index < next; index += 1) if (out[index] === lineBreak) out[index] = space;
  return next;
}

/** JSON of a text: mostly the same bytes in quotes. */
function putText(out: Buffer, end: number, row: Buffer, field: number): number {
  if (isNull(row, field)) return put(out, end, nothing);
  const start = field + 4;
  const stop = fieldAfter(row, field);
  let next = end;
  out[next++] = quote;
  for (let index = start; index < stop; index += 1) {
    const byte = row[index]!;
    if (byte < space || byte === quote || byte === backslash) {
      return end + out.write(JSON.stringify(row.toString("utf8", start, stop)), end);
    }
    out[next++] = byte;
  }
  out[next++] = quote;
  return next;
}

function putUuid(out: Buffer, end: number, row: Buffer, field: number): number {
  if (isNull(row, field)) return put(out, end, nothing);
  let next = end;
  out[next++] = quote;
  for (let index = 0; index < 16; index += 1) {
    const byte = row[field + 4 + index]!;
    if (index === 4 || index === 6 || index === 8 || index === 10) out[next++] = hyphen;
    out[next++] = hexDigits[byte >> 4]!;
    out[next++] = hexDigits[byte & 15]!;
  }
  out[next++] = quote;
  return next;
}

function putNumber(out: Buffer, end: number, number: number): number {
  let digits = 1;
  for (let power = 10; power <= number; power *= 10) digits += 1;
  return putDigits(out, end, number, digits);
}

/** A number with zeros before it, if it has fewer digits. */
function putDigits(out: Buffer, end: number, number: number, digits: number): number {
  let rest = number;
  for (let index = end + digits - 1; index >= end; index -= 1) {
    const tenth = Math.floor(rest / 10);
    out[index] = zero + (rest - tenth * 10);
    rest = tenth;
  }
  return end + digits;
}

/** PostgreSQL's time 0, in seconds since 1970. */
const year2000 = 946_684_800;

/**
 * Makes the function that writes microseconds since 2000 as RFC 3339 in UTC. Changes of one import follow each other within
 * a second, of which the text is kept.
 */
function createTimeWriter(): (out: Buffer, end: number, microseconds: number) => number {
  let second = Number.NaN;
  let secondText = nothing;
  return (out, end, microseconds) => {
    const whole = Math.floor(microseconds / 1_000_000);
    if (whole !== second) {
      second = whole;
      secondText = Buffer.from(new Date((whole + year2000) * 1000).toISOString().slice(0, 20));
    }
    const next = putDigits(out, put(out, end, secondText), microseconds - whole * 1_000_000, 6);
    out[next] = 0x5a;
    return next + 1;
  };
}
