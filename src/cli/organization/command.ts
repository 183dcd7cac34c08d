import { parseArgs } from "node:util";
import { type Context, type Terminal, widthOf } from "../context.ts";
import { CommandError, type ExitStatus, exitStatus, usageError } from "../exit-status.ts";
import { fileReason } from "../file-errors.ts";
import { numberOf, parseStrictly } from "../options.ts";
import { openApi } from "../service/api.ts";
import { readConnection } from "../service/connection.ts";
import { countOf, printable, quoted } from "../text.ts";
import { createOrganizationClient, type OrganizationClient } from "./client.ts";
import type { AdminKeyDocument } from "./documents.ts";
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

/** An action on organizations. */
interface Action {
  /** Names of its operands, for messages. */
  readonly operands: readonly string[];
  /** Options that it takes, beside the general ones. */
  readonly options: readonly (keyof typeof options)[];
  readonly run: (task: Task) => Promise<void>;
}

interface Task {
  readonly operands: readonly string[];
  readonly values: Values;
  readonly client: OrganizationClient;
  readonly keyOutput: KeyOutput | undefined;
  /** Prints lines for people, or with --json one line for scripts. */
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

/** `muster organization`: manages the organizations of a service, for its operator. */
export async function organization(args: readonly string[], context: Context): Promise<ExitStatus> {
  const { values, positionals } = parse(args);
  if (values.help) {
    context.output.write(organizationHelp);
    return exitStatus.done;
  }
  const [name = "", ...operands] = positionals;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined) throw usageError(noAction(name));
  requireFitting(name, action, operands, values);
  const connection = await readConnection(values, context.environment);
  const takesKey = action.options.includes("key-output");
  const api = await openApi(connection, context.version, context.environment);
  try {
    const keyOutput = takesKey ? await openKeyOutput(values, context.output) : undefined;
    const client = createOrganizationClient(api, context.signal);
    await action.run({ operands, values, client, keyOutput, print: printer(values, context.output) });
    return exitStatus.done;
  } finally {
    api.close();
  }
}

function noAction(name: string): string {
  const names = Object.keys(actions).join(", ");
  const given = name === "" ? "Name an action" : `${quoted(name)} is not an action on organizations`;
  return `${given}. The actions are ${names}. "muster organization --help" describes them.`;
}

function parse(args: readonly string[]) {
  return parseStrictly("organization", () => parseArgs({ args: [...args], options, allowPositionals: true }));
}

function requireFitting(name: string, action: Action, operands: readonly string[], values: Values): void {
  if (operands.length !== action.operands.length || operands.includes("")) {
    const usage = ["muster organization", name, ...action.operands].join(" ");
    throw usageError(`Usage: ${usage}. Put a name of several words between quotation marks.`);
  }
  const strange = Object.keys(values).find(
    (option) => !general.includes(option) && !action.options.includes(option as keyof typeof options),
  );
  if (strange !== undefined) {
    throw usageError(`"${name}" does not take --${strange}. "muster organization --help" lists the options.`);
  }
}

function printer({ json = false }: Values, output: Terminal): Task["print"] {
  return (lines, document) => {
    output.write(json ? `${JSON.stringify(document)}\n` : `${lines(widthOf(output)).join("\n")}\n`);
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
  const stored = await storeKey(adminKey, values, keyOutput!);
  print(
    () => [`Organization ${created.id} was created: ${printable(created.name)}.`, `Its admin key ${stored.place}.`],
    {
      ...created,
      adminKey: stored.document,
    },
  );
}

async function rename({ client, operands: [id = "", name = ""], print }: Task): Promise<void> {
  const renamed = await client.rename(id, name);
  print(() => [`Organization ${id} is now named ${printable(renamed.name)}.`], renamed);
}

async function setProvider({ client, operands: [id = ""], values, print }: Task): Promise<void> {
  const { issuer, audience, none = false } = values;
  if (issuer !== undefined && audience !== undefined && !none) {
    const set = await client.setIdentityProvider(id, { issuer, audience });
    const provider = describeProvider(set.identityProvider);
    return print(() => [`Tokens sign the people of organization ${id} in: ${provider}.`], set);
  }
  if (!none || issuer !== undefined || audience !== undefined) {
    throw usageError("Name the provider: --issuer URL --audience NAME. --none alone removes it.");
  }
  await client.removeIdentityProvider(id);
  print(() => [`Tokens no longer sign the people of organization ${id} in.`], { id, identityProvider: null });
}

async function issueKey({ client, operands: [id = ""], values, keyOutput, print }: Task): Promise<void> {
  const revokesOthers = values["revoke-others"] ?? false;
  const issued = await receiveKey(keyOutput!, () => client.issueKey(id, revokesOthers));
  const others = revokesOthers
    ? `${countOf(issued.revoked, "other admin key was", "other admin keys were")} revoked.`
    : "The other keys keep working.";
  const { place, document } = await storeKey(issued, values, keyOutput!);
  print(() => [`The new admin key of organization ${id} is named "${issued.name}"; it ${place}.`, others], document);
}

async function remove({ client, operands: [id = ""], values, print }: Task): Promise<void> {
  const expected = numberOf("--expected-users", values["expected-users"], 0, mostUsers);
  if (values.apply && expected === undefined) {
    throw usageError("--apply needs --expected-users N. Without --apply the command shows the number.");
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
      `The organization has ${countOf(found.users, "user")}, not ${expected}. Check that it is the one you mean.`,
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

/** A key that was stored. */
interface StoredKey {
  /** Its place, for a sentence: `is in campus.key`. */
  readonly place: string;
  /** Report for scripts. It contains the key only with --show-key. */
  readonly document: object;
}

async function storeKey(received: AdminKeyDocument, values: Values, keyOutput: KeyOutput): Promise<StoredKey> {
  const { key, ...rest } = received;
  const isShown = values["show-key"] === true;
  if (isShown && values.json) return { place: "is above", document: received };
  await keyOutput.write(key).catch(async (error: unknown) => {
    await keyOutput.discard();
    throw new CommandError(
      exitStatus.usage,
      `The key was issued, and could not be written: ${fileReason(error)}. Issue another one: muster organization admin-key`,
    );
  });
  const place = keyOutput.path === undefined ? "is above" : `is in ${printable(keyOutput.path)}`;
  return { place, document: isShown ? received : rest };
}
