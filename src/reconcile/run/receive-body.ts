import { chooseFormat } from "../../intake/detect.ts";
import type { FileFormat } from "../../intake/reading.ts";
import type { ImportOptions, IncomingFile } from "../receive/request.ts";
import { type SpooledBody, spoolBody } from "../receive/spool.ts";
import { unpackBody } from "../receive/unpack.ts";
import { readOptions, type Setup } from "../setup/setup.ts";
import type { Attempt } from "./attempt.ts";
import type { ImportDependencies } from "./dependencies.ts";

type Place = Pick<ImportDependencies, "spoolDirectory" | "newId">;

/** Receives the body whole, as it was sent. */
export function receiveBody(
  { spoolDirectory: directory, newId }: Place,
  { options }: Attempt,
  { body, announcedBytes, maximumBytes }: IncomingFile,
): Promise<SpooledBody> {
  const announced = announcedBytes === undefined ? {} : { announcedBytes };
  return spoolBody(body, { directory, name: newId(), ...largestBody(options, maximumBytes), ...announced });
}

/** Unpacks a body that is packed. */
export function unpackReceived(
  { spoolDirectory: directory, newId }: Place,
  { options }: Attempt,
  body: SpooledBody,
  maximumBytes: number,
): Promise<SpooledBody> {
  return unpackBody(body, { directory, name: newId(), ...largestBody(options, maximumBytes) });
}

/** Most bytes of a file of groups or of locations, which is planned in memory. */
const largestRecordFile = 16 * 1024 * 1024;

const largestBody = ({ kind }: ImportOptions, maximumBytes: number) =>
  kind === "users" || maximumBytes <= largestRecordFile
    ? { maximumBytes }
    : { maximumBytes: largestRecordFile, advice: `Send the ${kind} in several files.` };

/** The part of an incoming file that its format depends on. */
type Declared = Pick<IncomingFile, "format" | "charset" | "mayLackLineEnds">;

/** Finds the format of a body by its beginning. */
export async function detectBody(body: SpooledBody, file: Declared, setup: Setup): Promise<FileFormat> {
  const { encoding, charset } = readOptions(file.charset, setup);
  const { format, mayLackLineEnds } = file;
  for await (const head of body.open()) {
    return chooseFormat(head, { format, mayLackLineEnds, pinned: encoding, charset });
  }
  return "csv";
}
