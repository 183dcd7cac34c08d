import { parseArgs } from "node:util";
import type { Context, Terminal } from "../context.ts";
import { type ExitStatus, exitStatus, usageError } from "../exit-status.ts";
import { choiceOf, numberOf, parseStrictly } from "../options.ts";
import { type Answer, type Api, documentOf, openApi, problemOf } from "../service/api.ts";
import { readConnection } from "../service/connection.ts";
import { pushHelp } from "./help.ts";
import type { ImportDocument, RowDocument } from "./import-document.ts";
import { showProgress } from "./progress.ts";
import { findProcessedBefore, type Report, refusalLines, reportLines, statusOf } from "./report.ts";
import { type Delivered, sendFile } from "./send.ts";
import { openSourceFile } from "./source-file.ts";

const kinds = ["users", "groups", "locations"] as const;
const styles = ["normal", "active-roster", "purge"] as const;

/** Rows that a report for people shows, and that one for scripts has. */
const shownRows = { text: 50, json: 1000 };
/** For small requests, in milliseconds. */
const patience = 60_000;

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

/** `muster push FILE`: imports a file, and reports what became of it. */
export async function push(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { values, positionals } = parseStrictly("push", () =>
    parseArgs({ args: [...args], options, allowPositionals: true }),
  );
  if (values.help) {
    context.output.write(pushHelp);
    return exitStatus.done;
  }
  const [path, ...rest] = positionals;
  if (path === undefined)
    throw usageError('Name the file to push, or - for standard input. "muster push --help" tells more.');
  if (rest.length > 0) throw usageError("Push one file at a time.");
  const kind = choiceOf("--kind", values.kind, kinds) ?? "users";
  const style = choiceOf("--style", values.style, styles);
  if (style !== undefined && kind !== "users") throw usageError("--style is for files of users.");
  const query = new URLSearchParams({
    ...(values.source === undefined ? {} : { source: values.source }),
    ...(style === undefined ? {} : { style }),
    ...(values["dry-run"] ? { dryRun: "true" } : {}),
  });
  const connection = await readConnection(values, context.environment);
  const api = openApi(connection, context.version);
  try {
    return await deliver(api, context, {
      path,
      address: `/v1/imports/${kind}${query.size === 0 ? "" : `?${query}`}`,
      retries: numberOf("--retries", values.retries, 0, 100) ?? 7,
      isJson: values.json ?? false,
      url: connection.url.href.replace(/\/$/, ""),
    });
  } finally {
    api.close();
  }
}

interface Order {
  readonly path: string;
  readonly address: string;
  readonly retries: number;
  readonly isJson: boolean;
  readonly url: string;
}

async function deliver(
  api: Api,
  context: Context,
  { path, address, retries, isJson, url }: Order,
): Promise<ExitStatus> {
  const { output, signal } = context;
  const file = await openSourceFile(path, context.input, signal);
  const name = path === "-" ? "standard input" : path;
  const progress = showProgress(context.complaints, name, file.bytes, context.now);
  const begun = context.now();
  let delivered: Delivered;
  try {
    delivered = await sendFile(
      { path: address, file, idempotencyKey: context.newId(), retries },
      { api, signal, random: context.random, onSent: progress.sent, onRetry: progress.say },
    );
  } finally {
    progress.end();
    await file.close();
  }
  const { answer, isReplay } = delivered;
  if (answer.status >= 300) return reportRefusal(answer, context, name, isJson);
  const document = documentOf<ImportDocument>(answer);
  const report = {
    ...{ document, isReplay },
    processedBefore:
      delivered.mayHaveArrivedBefore && !isReplay
        ? await lookForTwin(api, document, context.now() - begun, signal)
        : null,
    ...(await readRows(api, document, isJson ? shownRows.json : shownRows.text, signal)),
  };
  output.write(
    isJson ? `${JSON.stringify(toJson(report))}\n` : `${reportLines(report, name, widthOf(output), url).join("\n")}\n`,
  );
  return statusOf(document);
}

/** Lines are broken for people at terminals alone. */
const widthOf = ({ isTTY, columns = 80 }: Terminal) => (isTTY ? columns : Number.POSITIVE_INFINITY);

function reportRefusal(answer: Answer, { output, complaints }: Context, name: string, isJson: boolean): ExitStatus {
  const problem = problemOf(answer);
  const isFault = answer.status >= 500;
  if (isJson) output.write(`${JSON.stringify({ outcome: isFault ? "unreachable" : "refused", problem })}\n`);
  else complaints.write(`${refusalLines(problem, name, widthOf(complaints)).join("\n")}\n`);
  return isFault ? exitStatus.unreachable : exitStatus.refused;
}

const outcomes: Readonly<Partial<Record<ExitStatus, string>>> = {
  [exitStatus.done]: "done",
  [exitStatus.rowsFailed]: "rows_failed",
  [exitStatus.held]: "held",
};

const toJson = ({ document, rows, hasMoreRows, isReplay, processedBefore }: Report) => ({
  outcome: outcomes[statusOf(document)],
  import: document,
  rows,
  hasMoreRows,
  isReplay,
  processedBefore,
});

/** Null when the key may not list imports, too: nothing is known then. */
async function lookForTwin(
  api: Api,
  document: ImportDocument,
  elapsed: number,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    const path = `/v1/imports?limit=100&source=${encodeURIComponent(document.source.name)}`;
    const answer = await api.send({ method: "GET", path, patience, signal });
    return findProcessedBefore(document, documentOf<{ items: ImportDocument[] }>(answer).items, elapsed);
  } catch {
    return null;
  }
}

/** A report that lacks its rows is better than none: the import is done, whatever becomes of this request. */
async function readRows(
  api: Api,
  { id, counts }: ImportDocument,
  limit: number,
  signal: AbortSignal,
): Promise<Pick<Report, "rows" | "hasMoreRows">> {
  if (counts === null) return { rows: [], hasMoreRows: false };
  try {
    const answer = await api.send({ method: "GET", path: `/v1/imports/${id}/rows?limit=${limit}`, patience, signal });
    const { items, nextCursor } = documentOf<{ items: RowDocument[]; nextCursor: string | null }>(answer);
    return { rows: items, hasMoreRows: nextCursor !== null };
  } catch {
    return { rows: null, hasMoreRows: true };
  }
}
