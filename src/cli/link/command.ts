import { parseArgs } from "node:util";
import type { Context } from "../context.ts";
import { CommandError, type ExitStatus, exitStatus, usageError } from "../exit-status.ts";
import { parseStrictly } from "../options.ts";
import { documentOf, NotReached, openApi, refusal } from "../service/api.ts";
import { readConnection } from "../service/connection.ts";
import { printable } from "../text.ts";
import { linkHelp } from "./help.ts";

/** How long the service may be silent, in milliseconds. */
const patience = 60_000;

const options = {
  id: { type: "string" },
  json: { type: "boolean" },
  url: { type: "string" },
  "key-file": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** What the service answers. */
interface LinkDocument {
  readonly url: string;
  readonly userId: string;
  /** RFC 3339, UTC. */
  readonly expiresAt: string;
}

/** `muster link USERNAME`: makes a link that signs somebody in once, and prints it. */
export async function link(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { values, positionals } = parseStrictly("link", () =>
    parseArgs({ args: [...args], options, allowPositionals: true }),
  );
  if (values.help) {
    context.output.write(linkHelp);
    return exitStatus.done;
  }
  const connection = await readConnection(values, context.environment);
  const document = await askForLink(toTarget(positionals, values.id), connection, context);
  if (values.json) {
    context.output.write(`${JSON.stringify(document)}\n`);
    return exitStatus.done;
  }
  context.output.write(`${printable(document.url)}\n`);
  if (context.complaints.isTTY) {
    context.complaints.write(
      `It signs in user ${printable(document.userId)}, once, until ${printable(document.expiresAt)}. Whoever has it is that person.\n`,
    );
  }
  return exitStatus.done;
}

type Target = { readonly username: string } | { readonly userId: string };

function toTarget([username, ...rest]: readonly string[], userId: string | undefined): Target {
  if (rest.length > 0) throw usageError("One link at a time: name one person.");
  if (userId !== undefined && username !== undefined) throw usageError("Name the person by username or by --id.");
  if (userId !== undefined) return { userId };
  if (username === undefined || username.trim() === "") {
    throw usageError('Name the person by username, or by --id. "muster link --help" tells more.');
  }
  return { username };
}

/** It is not tried again: a link whose answer was lost is replaced by the next one, and nobody knows it. */
async function askForLink(
  target: Target,
  connection: Parameters<typeof openApi>[0],
  { version, signal }: Context,
): Promise<LinkDocument> {
  const api = openApi(connection, version);
  const headers = { "content-type": "application/json" };
  const body = toBody(target);
  try {
    const answer = await api.send({ method: "POST", path: "/v1/sign-in-links", headers, body, patience, signal });
    if (answer.status >= 300) throw refusal(answer);
    const document = documentOf<LinkDocument>(answer);
    if (typeof document.url === "string") return document;
    throw new CommandError(exitStatus.unreachable, "What answers at this address is not Muster. Look at MUSTER_URL.");
  } catch (error) {
    if (!(error instanceof NotReached)) throw error;
    throw new CommandError(exitStatus.unreachable, `Muster cannot be reached: ${printable(error.message)}.`);
  } finally {
    api.close();
  }
}

async function* toBody(target: Target): AsyncGenerator<Uint8Array> {
  yield Buffer.from(JSON.stringify(target));
}
