import type { NewGroup } from "../../directory/groups.ts";
import { MusterError, rowIssues } from "../../errors.ts";
import { detectFormat, detectionBytes, refuseForeign } from "../../intake/detect.ts";
import { supportedEncoding } from "../../intake/encoding.ts";
import { groupColumns } from "../../intake/group-columns.ts";
import { readRecords } from "../../intake/read-records.ts";
import { type GroupRow, normalizeGroup } from "../../reconcile/groups/normalize-group.ts";
import type { ReceivedFile } from "../imports/receive.ts";

/** Most groups of one request. */
export const mostGroups = 100;
/** Largest document of them, in bytes. */
const largestDocument = 1024 * 1024;

/** A row of the document: the group that it wants, or why it cannot be had. */
export type WantedGroup = { readonly row: number } & ({ readonly group: NewGroup } | { readonly message: string });

/**
 * Reads a document of groups (feed formats, section 6) to its end. A group with any invalid value is none.
 * @throws MusterError what the reader of the format throws; body_too_large and request_invalid when it holds too much
 */
export async function readGroups(file: ReceivedFile): Promise<WantedGroup[]> {
  const bytes = await wholeOf(file.body);
  refuseForeign(bytes);
  const charset = file.charset === undefined ? undefined : supportedEncoding(file.charset);
  const format = file.format ?? detectFormat(bytes.subarray(0, detectionBytes), { charset });
  const wanted: WantedGroup[] = [];
  for await (const records of readRecords(format, chunkOf(bytes), { mapping: groupColumns, charset })) {
    wanted.push(...records.map((record) => wantedGroup(normalizeGroup(record))));
    if (wanted.length > mostGroups) throw tooMany();
  }
  return wanted;
}

const tooMany = () =>
  new MusterError(
    "request_invalid",
    `The document holds more than the ${mostGroups} groups that this address takes. Nothing was changed; send fewer at a time.`,
  );

async function wholeOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > largestDocument) {
      throw new MusterError("body_too_large", "The body is larger than the 1 MiB that this address takes.");
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function* chunkOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function wantedGroup({ row, action, groupId, name, values, failure }: GroupRow): WantedGroup {
  if (failure) return { row, message: rowIssues[failure.code].message(failure.details) };
  if (action !== "save") {
    return { row, message: "Groups are created here. Delete and purge them at their own addresses." };
  }
  return { row, group: { ...blank, ...values, groupId, name } };
}

const blank: NewGroup = {
  category: 1,
  type: 1,
  privacy: 1,
  postApproval: false,
  description: "",
  style: null,
  default: false,
  protected: false,
  guardPercent: null,
  parentGroupId: null,
};
