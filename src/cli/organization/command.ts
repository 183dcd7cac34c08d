import { parseArgs } from "node:util";
import type { Context, Terminal } from "../context.ts";
import { CommandError, type ExitStatus, exitStatus, usageError } from "../exit-status.ts";
import { numberOf, parseStrictly } from "../options.ts";
import { openApi } from "../service/api.ts";
import { readConnection } from "../service/connection.ts";
import { printable } from "../text.ts";
import { type AdminKeyDocument, createOrganizationClient, type OrganizationClient } from "./client.ts";
import { organizationHelp } from "./help.ts";
import { type KeyOutput, openKeyOutput } from "./key-output.ts";
import { deletionLines, describeProvider, listLines, showLines } from "./report.ts";

const options = {
  "key-output": { type: "string" },
  "show-key": { type: "boolean" },
  "revoke-others": { type: "boolean" },
  "expected-users": { type: "string" },
  issuer: { type: "string" },
  audience: { type: "string" },
  none: { type: "boolean" },
  apply: { type: "boolean" },
  json: { type: "boolean" },
  url: { type: "string" },
  "key-file": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

const mostUsers = 999_999_999;

type Values = ReturnType<typeof parse>["values"];

/** What can be done: what it is called with, which options it takes, and what it does. */
interface Action {
  readonly operands: readonly string[];
  readonly options: readonly (keyof typeof options)[];
  readonly run: (task: Task) => Promise<void>;
}

interface Task {
  readonly operands: readonly string[];
  readonly values: Values;
  readonly client: OrganizationClient;
  readonly keyOutput: KeyOutput | undefined;
  /** Prints lines for people, or one line of JSON for scripts if that was asked for. */
  readonly print: (lines: (width: number) => readonly string[], document: object) => void;
}

const actions: Readonly<Record<string, Action>> = {
  list: { operands: [], options: [], run: list },
  show: { operands: ["ID"], options: [], run: show },
  create: { operands: ["NAME"], options: ["key-output", "show-key"], run: create },
  rename: { operands: ["ID", "NAME"], options: [], run: rename },
  "identity-provider": { operands: ["ID"], options: ["issuer", "audience", "none"], run: setProvider },
  "admin-key": { operands: ["ID"], options: ["key-output", "show-key", "revoke-others"], run: issueKey },
  delete: { operands: ["ID"], options: ["expected-users", "apply"], run: remove },
};

const general: readonly string[] = ["json", "url", "key-file", "help"];

/** `muster organization`: the organizations of a service, for whoever runs it. */
export async function organization(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { values, positionals } = parse(args);
  if (values.help) {
    context.output.write(organizationHelp);
    return exitStatus.done;
  }
  const [name = "", ...operands] = positionals;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) {
    throw usageError(`Say what to do: ${Object.keys(actions).join(", ")}. "muster organization --help" tells more.`);
  }
  requireFitting(name, action, operands, values);
  const connection = await readConnection(values, context.environment);
  const takesKey = action.options.includes("key-output");
  const keyOutput = takesKey ? await openKeyOutput(values, context.output) : undefined;
  const api = openApi(connection, context.version);
  try {
    const client = createOrganizationClient(api, context.signal);
    await action.run({ operands, values, client, keyOutput, print: printer(values, context.output) });
    return exitStatus.done;
  } finally {
    api.close();
  }
}

function parse(args: readonly string[]) {
  return parseStrictly("organization", () => parseArgs({ args: [...args], options, allowPositionals: true }));
}

function requireFitting(name: string, action: Action, operands: readonly string[], values: Values): void {
  if (operands.length !== action.operands.length || operands.includes("")) {
    const usage = ["muster organization", name, ...action.operands].join(" ");
    throw usageError(`Say ${usage}. A name of several words goes between quotation marks.`);
  }
  const strange = Object.keys(values).find(
    (option) => !general.includes(option) && !action.options.includes(option as keyof typeof options),
  );
  if (strange !== undefined) throw usageError(`--${strange} is none of the options of "${name}".`);
}

function printer({ json = false }: Values, output: Terminal): Task["print"] {
  const width = output.isTTY ? (output.columns ?? 80) : Number.POSITIVE_INFINITY;
  return (lines, document) => {
    output.write(json ? `${JSON.stringify(document)}\n` : `${lines(width).join("\n")}\n`);
  };
}

async function list({ client, print }: Task): Promise<void> {
  const organizations = await client.list();
  print((width) => listLines(organizations, width), { organizations });
}

async function show({ client, operands: [id = ""], print }: Task): Promise<void> {
  const found = await client.get(id);
  print(() => showLines(found), found);
}

async function create({ client, operands: [name = ""], values, keyOutput, print }: Task): Promise<void> {
  const { adminKey, ...created } = await receiveKey(keyOutput!, () => client.create(name));
  await putKey(adminKey, values, keyOutput!, (place, shown) =>
    print(() => [`Organization ${created.id} was created: ${printable(created.name)}.`, `Its admin key ${place}.`], {
      ...created,
      adminKey: shown,
    }),
  );
}

async function rename({ client, operands: [id = "", name = ""], print }: Task): Promise<void> {
  const renamed = await client.rename(id, name);
  print(() => [`Organization ${id} is called ${printable(renamed.name)}.`], renamed);
}

async function setProvider({ client, operands: [id = ""], values, print }: Task): Promise<void> {
  const { issuer, audience, none = false } = values;
  if (issuer !== undefined && audience !== undefined && !none) {
    const set = await client.setIdentityProvider(id, { issuer, audience });
    const provider = describeProvider(set.identityProvider);
    return print(() => [`Tokens sign the people of organization ${id} in: ${provider}.`], set);
  }
  if (!none || issuer !== undefined || audience !== undefined) {
    throw usageError("Say which provider: --issuer URL --audience NAME, or --none to have no tokens sign people in.");
  }
  await client.removeIdentityProvider(id);
  print(() => [`No tokens sign the people of organization ${id} in.`], { id, identityProvider: null });
}

async function issueKey({ client, operands: [id = ""], values, keyOutput, print }: Task): Promise<void> {
  const issued = await receiveKey(keyOutput!, () => client.issueKey(id, values["revoke-others"] ?? false));
  const others = values["revoke-others"]
    ? `Other admin keys that were revoked: ${issued.revoked}.`
    : "The other keys go on working.";
  await putKey(issued, values, keyOutput!, (place, shown) =>
    print(() => [`The new admin key of organization ${id} is named "${issued.name}"; it ${place}.`, others], shown),
  );
}

async function remove({ client, operands: [id = ""], values, print }: Task): Promise<void> {
  const expected = numberOf("--expected-users", values["expected-users"], 0, mostUsers);
  if (values.apply && expected === undefined) {
    throw usageError("Say how many users it has: --expected-users N. Without --apply the command tells you.");
  }
  const found = await client.get(id);
  if (values.apply) {
    await client.delete(id, expected!);
    print(() => [`Organization ${id} (${printable(found.name)}) was deleted.`], { deleted: true, organization: found });
    return;
  }
  print(() => deletionLines(found), { deleted: false, organization: found });
  if (expected !== undefined && expected !== found.users) {
    throw new CommandError(
      exitStatus.refused,
      `The organization has ${found.users} users, not ${expected}. Look whether it is the one that you mean.`,
    );
  }
}

async function receiveKey<Received>(keyOutput: KeyOutput, ask: () => Promise<Received>): Promise<Received> {
  try {
    return await ask();
  } catch (error) {
    await keyOutput.discard();
    throw error;
  }
}

/** A key stands in the report for scripts only if it was to be shown. */
async function putKey(
  received: AdminKeyDocument,
  values: Values,
  keyOutput: KeyOutput,
  report: (place: string, shown: object) => void,
): Promise<void> {
  const { key, ...rest } = received;
  const isShown = values["show-key"] === true;
  if (isShown && values.json) return report("", received);
  const place = await keyOutput.write(key).catch(async (error: NodeJS.ErrnoException) => {
    await keyOutput.discard();
    throw new CommandError(
      exitStatus.usage,
      `The key was made and could not be written (${error.code}). Have another one made: muster organization admin-key`,
    );
  });
  report(place, isShown ? received : rest);
}
