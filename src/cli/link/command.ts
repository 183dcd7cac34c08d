import { parseArgs } from "node:util";
import type { Context } from "../context.ts";
import { type ExitStatus, exitStatus, usageError } from "../exit-status.ts";
import { parseStrictly } from "../options.ts";
import { askOnce, documentOf } from "../service/answers.ts";
import { jsonBody, openApi } from "../service/api.ts";
import { type Connection, readConnection } from "../service/connection.ts";
import { printable, quoted } from "../text.ts";
import { linkHelp } from "./help.ts";

/** The longest silence of the service, in milliseconds. */
const timeout = 60_000;

const options = {
  id: { type: "string" },
  "first-administrator": { type: "boolean" },
  json: { type: "boolean" },
  url: { type: "string" },
  "key-file": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** A link, as the API answers it. */
interface LinkDocument {
  readonly url: string;
  /** Null: the first administrator, who does not exist yet. */
  readonly userId: string | null;
  /** RFC 3339, UTC. */
  readonly expiresAt: string;
}

/** `muster link USERNAME`: makes a link that signs one person in, once, and prints it. */
export async function link(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { values, positionals } = parseStrictly("link", () =>
    parseArgs({ args: [...args], options, allowPositionals: true }),
  );
  if (values.help) {
    context.output.write(linkHelp);
    return exitStatus.done;
  }
  const person = toPerson(positionals, values.id, values["first-administrator"] === true);
  const connection = await readConnection(values, context.environment);
  const document = await askForLink(person, connection, context);
  if (values.json) {
    context.output.write(`${JSON.stringify(document)}\n`);
    return exitStatus.done;
  }
  context.output.write(`${printable(document.url)}\n`);
  if (context.errorOutput.isTTY) {
    const person = document.userId === null ? "the first administrator" : `user ${printable(document.userId)}`;
    context.errorOutput.write(
      `The link signs in ${person}, once, until ${printable(document.expiresAt)}. Anybody who has it can use it.\n`,
    );
  }
  return exitStatus.done;
}

type Person = { readonly username: string } | { readonly userId: string } | { readonly firstAdministrator: true };

function toPerson([username, ...rest]: readonly string[], userId: string | undefined, isFirst: boolean): Person {
  if (isFirst) {
    if (username !== undefined || userId !== undefined) {
      throw usageError("The first administrator does not exist yet. Name no person beside --first-administrator.");
    }
    return { firstAdministrator: true };
  }
  if (rest.length > 0) throw usageError("muster link makes one link at a time. Name one person.");
  if (userId !== undefined && username !== undefined) {
    throw usageError("Name the person by username or by --id, not by both.");
  }
  if (userId !== undefined) return { userId };
  if (username === undefined || username.trim() === "") {
    throw usageError('Name the person by username, or by --id. "muster link --help" describes both.');
  }
  return { username };
}

/** If the answer is lost, nobody knows the link, and the next one replaces it. */
async function askForLink(person: Person, connection: Connection, context: Context): Promise<LinkDocument> {
  const { version, environment, signal } = context;
  const api = await openApi(connection, version, environment);
  const call = { method: "POST", path: "/v1/sign-in-links", timeout, signal, ...jsonBody(person) } as const;
  const name = nameOf(person);
  try {
    const answer = await askOnce(api, call, { missing: `There is no user with the ${name}.` });
    return documentOf<LinkDocument>(answer, ["url", "userId", "expiresAt"]);
  } finally {
    api.close();
  }
}

function nameOf(person: Person): string {
  if ("username" in person) return `username ${quoted(person.username)}`;
  return "userId" in person ? `id ${quoted(person.userId)}` : "role of an administrator";
}
