import { parseArgs } from "node:util";
import { type Context, widthOf } from "../context.ts";
import { type ExitStatus, exitStatus, usageError } from "../exit-status.ts";
import { choiceOf, numberOf, parseStrictly, textOf } from "../options.ts";
import { documentOf, explainFailure, failureOf, problemOf } from "../service/answers.ts";
import { type Answer, type Api, openApi } from "../service/api.ts";
import { addressOf, readConnection } from "../service/connection.ts";
import { explainNotReached, NotReached } from "../service/not-reached.ts";
import { printable } from "../text.ts";
import type { ImportDocument, RowDocument } from "./documents.ts";
import { pushHelp } from "./help.ts";
import { findProcessedBefore, type Notes, type Report, statusOf, toJson } from "./outcome.ts";
import { showProgress } from "./progress.ts";
import { refusalLines } from "./refusal.ts";
import { reportLines } from "./report.ts";
import { type Delivered, sendFile } from "./send.ts";
import { openSourceFile, type SourceFile } from "./source-file.ts";

const kinds = ["users", "groups", "locations"] as const;
const styles = ["normal", "active-roster", "purge"] as const;

/** Most notes in a report. */
const mostNotes = { text: 50, json: 1000 };
/** The longest silence of the service on a small request, in milliseconds. */
const timeout = 60_000;
const usualRetries = 7;

const options = {
  kind: { type: "string" },
  source: { type: "string" },
  style: { type: "string" },
  "dry-run": { type: "boolean" },
  retries: { type: "string" },
  json: { type: "boolean" },
  url: { type: "string" },
  "key-file": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** `muster push FILE`: imports a file, and reports the result. */
export async function push(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { values, positionals } = parse(args);
  if (values.help) {
    context.output.write(pushHelp);
    return exitStatus.done;
  }
  const order = toOrder(positionals, values);
  const connection = await readConnection(values, context.environment);
  const api = await openApi(connection, context.version, context.environment);
  try {
    return await deliver({ api, context, order, address: addressOf(connection.url) });
  } finally {
    api.close();
  }
}

const parse = (args: readonly string[]) =>
  parseStrictly("push", () => parseArgs({ args: [...args], options, allowPositionals: true }));

/** Choices of the command line. */
interface Order {
  /** Of the file; `-` is standard input. */
  readonly file: string;
  /** Of the request, with its query. */
  readonly path: string;
  readonly retries: number;
  readonly isJson: boolean;
}

function toOrder([file, ...rest]: readonly string[], values: ReturnType<typeof parse>["values"]): Order {
  if (file === undefined) {
    throw usageError('Name the file to push, or - for standard input. "muster push --help" describes the command.');
  }
  if (rest.length > 0) throw usageError("Push one file at a time.");
  const kind = choiceOf("--kind", values.kind, kinds) ?? "users";
  const style = choiceOf("--style", values.style, styles);
  if (style !== undefined && kind !== "users") throw usageError("--style is for files of users. Leave it out.");
  const query = new URLSearchParams();
  const source = textOf("--source", values.source);
  if (source !== undefined) query.set("source", source);
  if (style !== undefined) query.set("style", style);
  if (values["dry-run"]) query.set("dryRun", "true");
  return {
    file,
    path: `/v1/imports/${kind}${query.size === 0 ? "" : `?${query}`}`,
    retries: numberOf("--retries", values.retries, 0, 100) ?? usualRetries,
    isJson: values.json ?? false,
  };
}

/** Dependencies of a push. */
interface Push {
  readonly api: Api;
  readonly context: Context;
  readonly order: Order;
  /** Of the service. */
  readonly address: string;
}

async function deliver({ api, context, order, address }: Push): Promise<ExitStatus> {
  const { output, signal } = context;
  const file = await openSourceFile(order.file, context.input, signal);
  const name = order.file === "-" ? "standard input" : order.file;
  const begun = context.now();
  const delivered = await send({ api, context, order, address }, file, name);
  const { answer, isReplay } = delivered;
  if (answer.status >= 300) return reportRefusal(answer, { context, order, address }, file.bytes, name);
  const document = documentOf<ImportDocument>(answer, ["id", "status", "summary", "source", "counts"]);
  const isUncertain = delivered.mayHaveArrivedBefore && !isReplay;
  const report: Report = {
    document,
    isReplay,
    processedBefore: isUncertain ? await lookForTwin(api, document, context.now() - begun, signal) : null,
    notes: await readNotes(api, document, order.isJson ? mostNotes.json : mostNotes.text, signal),
  };
  const lines = order.isJson
    ? [JSON.stringify(toJson(report))]
    : reportLines(report, { name, width: widthOf(output), address });
  output.write(`${lines.join("\n")}\n`);
  return statusOf(document);
}

async function send({ api, context, order }: Push, file: SourceFile, name: string): Promise<Delivered> {
  const { signal, random } = context;
  const progress = showProgress(context.errorOutput, name, file.bytes, context.now);
  try {
    return await sendFile(
      { path: order.path, file, idempotencyKey: context.newId(), retries: order.retries },
      { api, signal, random, onSent: progress.sent, onRetry: progress.say },
    );
  } finally {
    progress.end();
    await file.close();
  }
}

function reportRefusal(
  answer: Answer,
  { context, order, address }: Omit<Push, "api">,
  bytes: number,
  name: string,
): ExitStatus {
  const problem = problemOf(answer);
  if (problem === undefined) throw failureOf(answer);
  const { output, errorOutput } = context;
  const isFault = answer.status >= 500;
  if (order.isJson) {
    output.write(`${JSON.stringify({ outcome: isFault ? "unreachable" : "refused", problem })}\n`);
  } else {
    const lines = refusalLines({ problem, isFault, bytes }, { name, width: widthOf(errorOutput), address });
    errorOutput.write(`${lines.join("\n")}\n`);
  }
  return isFault ? exitStatus.unreachable : exitStatus.refused;
}

/** @returns null also when the key may not list imports: nothing is known then */
async function lookForTwin(
  api: Api,
  document: ImportDocument,
  elapsed: number,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const path = `/v1/imports?limit=100&source=${encodeURIComponent(document.source.name)}`;
    const answer = await api.send({ method: "GET", path, timeout, signal });
    const { items } = documentOf<{ items: ImportDocument[] }>(answer, ["items"]);
    return findProcessedBefore(document, items, elapsed);
  } catch {
    return null;
  }
}

/** The import is done, whatever becomes of this request: a failure makes the report shorter, and is not an error. */
async function readNotes(api: Api, { id, counts }: ImportDocument, limit: number, signal: AbortSignal): Promise<Notes> {
  if (counts === null) return { kind: "read", rows: [], hasMore: false };
  const path = `/v1/imports/${id}/rows`;
  const unread = (why: string): Notes => ({ kind: "unread", reason: `Rows to look at could not be read: ${why}` });
  try {
    const answer = await api.send({ method: "GET", path: `${path}?limit=${limit}`, timeout, signal });
    if (answer.status === 403) return unread("this key needs the service import or retrieve for that.");
    if (answer.status >= 300) return unread(explainFailure(answer));
    const page = documentOf<{ items: RowDocument[]; nextCursor: string | null }>(answer, ["items", "nextCursor"]);
    return { kind: "read", rows: page.items, hasMore: page.nextCursor !== null };
  } catch (error) {
    return unread(error instanceof NotReached ? explainNotReached(error) : printable((error as Error).message));
  }
}
