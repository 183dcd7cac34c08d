/** Sends every request that the contract knows with identifiers of somebody else. */
import type { Pool } from "pg";
import type { TestAnswer, TestApp, TestRequest } from "../support/app.ts";
import { readTables, restoreTables, type Tables } from "../support/tables.ts";
import { isPlace, type Operation } from "./contract.ts";
import type { Place } from "./samples.ts";
import { addressOf, type Owner, type World } from "./world.ts";

/** The result of a walk. */
export interface Walk {
  /** The faults, one sentence each. */
  readonly findings: readonly string[];
  /** Every answer, by request, without what is another one each time. */
  readonly answers: ReadonlyMap<string, string>;
}

/** A request with identifiers of somebody else in some of its places. */
interface Trial {
  readonly name: string;
  /** The places by their path in the request, e.g. `body.memberships.0.groupId`. */
  readonly places: readonly string[];
}

/** Sends a request of the caller; everything in its places is its own but for `trial.places`. */
export function requestOf(
  { caller, identifierOf }: Pick<World, "caller" | "identifierOf">,
  operation: Operation,
  { places }: Pick<Trial, "places">,
  owner: Owner,
): TestRequest {
  const value = (place: Place, path: string) =>
    identifierOf(operation, place, places.includes(path) ? owner : "own") ?? "";
  const { sample, method, queryPlaces, headerPlaces, pathPlaces } = operation;
  const query = new URLSearchParams(sample.query);
  for (const { name, place } of queryPlaces) {
    const path = `query.${name}`;
    if (places.includes(path)) query.set(name, value(place, path));
  }
  const headers: Record<string, string> = { accept: "application/json" };
  for (const { name, place } of headerPlaces) {
    if (places.includes(`header.${name}`)) headers[name] = value(place, `header.${name}`);
  }
  const address = addressOf(operation, (place, index) => value(place, `path.${pathPlaces[index]!.name}`));
  return {
    method,
    url: `${address}${query.size === 0 ? "" : `?${query}`}`,
    headers,
    key: sample.isApproval ? caller.approver : caller.key,
    ...(sample.body === undefined ? {} : { body: filled(sample.body, "body", value) as object }),
  };
}

function filled(part: unknown, path: string, value: (place: Place, path: string) => string): unknown {
  if (isPlace(part)) return value(part, path);
  if (Array.isArray(part)) return part.map((item, index) => filled(item, `${path}.${index}`, value));
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(Object.entries(part).map(([name, item]) => [name, filled(item, `${path}.${name}`, value)]));
}

function* placesInBody(part: unknown, path = "body"): Generator<string> {
  if (isPlace(part)) yield path;
  else if (typeof part === "object" && part !== null)
    for (const [name, item] of Object.entries(part)) yield* placesInBody(item, `${path}.${name}`);
}

/** The trials of an operation: each place by itself, and the address's places together. */
function trialsOf({ pathPlaces, queryPlaces, headerPlaces, sample }: Operation): Trial[] {
  const inPath = pathPlaces.map(({ name }) => `path.${name}`);
  const single = [
    ...inPath,
    ...queryPlaces.map(({ name }) => `query.${name}`),
    ...headerPlaces.map(({ name }) => `header.${name}`),
    ...placesInBody(sample.body),
  ].map((path) => ({ name: path, places: [path] }));
  return inPath.length < 2 ? single : [...single, { name: inPath.join(" and "), places: inPath }];
}

/**
 * Walks through all operations. The caller's state is put back after each request that changed it, so that all begin
 * alike.
 * @param before a walk that found nothing: every answer has to be the one that it got. What is unknown is not asked for
 * again then
 */
export async function walk(app: TestApp, owner: Pool, world: World, before?: Walk): Promise<Walk> {
  const findings: string[] = [];
  const answers = new Map<string, string>();
  const send = async (operation: Operation, trial: Trial, of: Owner): Promise<TestAnswer> => {
    const answer = await app.inject(requestOf(world, operation, trial, of));
    const name = `${operation.name}, ${trial.name}, ${of}`;
    const shown = comparable(answer, valuesOf(world, operation, trial, of));
    answers.set(name, shown);
    const wanted = before?.answers.get(name) ?? shown;
    if (shown !== wanted) findings.push(`${name}: answered ${shown} instead of ${wanted}`);
    if (shown.includes(world.neighbour.mark)) findings.push(`${name}: something of the neighbour is shown: ${shown}`);
    if (answer.status >= 500) findings.push(`${name}: ${answer.status} ${answer.body}`);
    if (operation.method !== "GET" || answer.status >= 500) findings.push(...(await putBack(app, owner, world, name)));
    return answer;
  };
  for (const operation of world.operations) {
    const plain = { name: "nothing of others", places: [] };
    const mine = await send(operation, plain, "own");
    const { status } = operation.sample;
    if (status === undefined ? mine.status >= 300 : mine.status !== status)
      findings.push(
        `${operation.name} does not succeed with the caller's own identifiers: ${mine.status} ${mine.body}`,
      );
    const alone = world.alone.get(operation.name);
    if (alone && comparable(alone, []) !== comparable(mine, []))
      findings.push(`${operation.name} tells something else since there is a neighbour: ${comparable(mine, [])}`);
    for (const trial of trialsOf(operation)) {
      if (trial.places.some((path) => path === "query.cursor") && !hasCursor(world, operation)) continue;
      const foreign = await send(operation, trial, "foreign");
      if (before) continue;
      const unknown = await send(operation, trial, "unknown");
      const shown = comparable(foreign, valuesOf(world, operation, trial, "foreign"));
      const wanted = comparable(unknown, valuesOf(world, operation, trial, "unknown"));
      if (shown !== wanted) findings.push(`${operation.name}, ${trial.name}: of others ${shown}, unknown ${wanted}`);
      if (!trial.name.startsWith("query.")) continue;
      const own = await send(operation, trial, "own");
      if (own.status >= 300)
        findings.push(`${operation.name}, ${trial.name}: its own is refused: ${own.status} ${own.body}`);
    }
  }
  return { findings, answers };
}

/**
 * Sends every request that the contract knows with the caller's own identifiers, once without and once with the
 * parameters of its query. The caller's state is put back after each request that changed it.
 * @returns yields the operation and the answer after each request
 */
export async function* visit(
  app: TestApp,
  owner: Pool,
  world: World,
): AsyncGenerator<{ readonly operation: Operation; readonly answer: TestAnswer }> {
  for (const operation of world.operations) {
    const ofQuery = operation.queryPlaces
      .map(({ name }) => `query.${name}`)
      .filter((path) => path !== "query.cursor" || hasCursor(world, operation));
    for (const places of ofQuery.length === 0 ? [[]] : [[], ofQuery]) {
      const answer = await app.inject(requestOf(world, operation, { places }, "own"));
      if (answer.status >= 500) throw new Error(`${operation.name}: ${answer.status} ${answer.body}`);
      yield { operation, answer };
      if (operation.method !== "GET") await putBack(app, owner, world, operation.name);
    }
  }
}

const hasCursor = (world: World, operation: Operation) =>
  world.identifierOf(operation, { kind: "cursor" }, "foreign") !== undefined;

/** Returns the values that a trial puts into its places. */
function valuesOf(world: World, operation: Operation, trial: Trial, of: Owner): string[] {
  const collected: string[] = [];
  const noting: World["identifierOf"] = (one, place, owner) => {
    const value = world.identifierOf(one, place, owner);
    if (owner === of && of !== "own" && value !== undefined) collected.push(value);
    return value;
  };
  requestOf({ ...world, identifierOf: noting }, operation, trial, of);
  return collected;
}

/** An answer without the identifiers that the request held, and without what is another one each time. */
function comparable({ status, body }: TestAnswer, values: readonly string[]): string {
  // Remove random parts first: they may contain the digits of an identifier.
  let text = `${status} ${body}`
    .replaceAll(/"requestId":"[0-9a-f-]{36}"/g, '"requestId":"(id)"')
    .replaceAll(/"sha256":"[0-9a-f]{64}"/g, '"sha256":"(hash)"')
    .replaceAll(/\/sign-in\/[A-Za-z0-9_-]+/g, "/sign-in/(secret)")
    .replaceAll(/muster_[A-Za-z0-9_-]{43}/g, "(key)");
  for (const value of [...new Set(values)].sort((one, other) => other.length - one.length)) {
    for (const form of new Set([value, encodeURIComponent(value), value.toLowerCase(), value.toUpperCase()]))
      text = /^\d+$/.test(form)
        ? text.replaceAll(new RegExp(`(?<![0-9A-Za-z])${form}(?![0-9A-Za-z])`, "g"), "(identifier)")
        : text.replaceAll(form, "(identifier)");
  }
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, "(id)")
    .replaceAll(/20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z/g, "(time)")
    .replaceAll(/("\w*[cC]ursor": ?)"([A-Za-z0-9_-]+)"/g, (_, name, cursor) => `${name}"(cursor ${shapeOf(cursor)})"`);
}

/** Of a cursor what could tell something: texts, but no ids, times and numbers. */
const shapeOf = (cursor: string) =>
  Buffer.from(cursor, "base64url")
    .toString("utf8")
    .replaceAll(/[0-9a-f-]{36}|20[0-9T:.Z-]+|\d+/g, "…");

/** Restores what a request changed. @returns a sentence if that was something of the neighbour */
async function putBack(
  app: TestApp,
  owner: Pool,
  { caller, neighbour, tables }: World,
  name: string,
): Promise<string[]> {
  const findings: string[] = [];
  for (const [inhabitant, before] of [
    [caller, tables.caller],
    [neighbour, tables.neighbour],
  ] as const) {
    const after = await readTables(owner, inhabitant.organizationId);
    const changed = changedTables(before, after);
    if (changed.length === 0) continue;
    await restoreTables(owner, inhabitant.organizationId, before);
    app.dependencies.database.written(inhabitant.organizationId);
    if (inhabitant === neighbour) findings.push(`${name}: changed ${changed.join(", ")} of the neighbour`);
  }
  return findings;
}

const changedTables = (before: Tables, after: Tables) =>
  Object.keys(before).filter((table) => before[table]!.join("\n") !== after[table]!.join("\n"));
