/** Reads the OpenAPI document: the operations, and their parameters. */
import { operatorAddresses } from "../../src/http/contract/access.ts";
import { type Place, parameters, pathParameters, plainProperties, type Sample, samples } from "./samples.ts";

/** An operation, and the places of identifiers in its requests. */
export interface Operation {
  readonly id: string;
  /** Its id, and which way to write its body. */
  readonly name: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** With `{parameters}`. */
  readonly path: string;
  /** Of the address, in its order. */
  readonly pathPlaces: readonly { readonly name: string; readonly place: Place }[];
  readonly queryPlaces: readonly { readonly name: string; readonly place: Place }[];
  readonly headerPlaces: readonly { readonly name: string; readonly place: Place }[];
  readonly sample: Sample;
}

// biome-ignore lint/suspicious/noExplicitAny: a contract has many shapes
type Json = any;

/**
 * The operations that organizations' keys open.
 * @returns what the samples do not cover, too: each a sentence
 */
export function readContract(contract: Json): { readonly operations: Operation[]; readonly gaps: string[] } {
  const gaps: string[] = [];
  const operations = Object.entries<Json>(contract.paths)
    .filter(([path]) => /^\/(v1|api)\//.test(path))
    .flatMap(([path, methods]) =>
      Object.entries<Json>(methods).map(([method, operation]) => ({ path, method, operation })),
    )
    .filter(({ path, method }) => !operatorAddresses.includes(`${method.toUpperCase()} ${path.replace("{id}", ":id")}`))
    .flatMap(({ path, method, operation }) =>
      inEachWay(readOperation(contract, path, method, operation, gaps), waysOf(operation.operationId)),
    );
  const known = new Set(operations.map(({ id }) => id));
  gaps.push(
    ...Object.keys(samples)
      .filter((id) => !known.has(id))
      .map((id) => `samples: there is no operation ${id}.`),
  );
  return { operations, gaps };
}

/** An operation for each of its samples. */
function inEachWay(operation: Operation, ways: readonly Sample[]): Operation[] {
  return ways.map((sample, index) => ({
    ...operation,
    sample,
    name: index === 0 ? operation.id : `${operation.id} (${index + 1})`,
    pathPlaces: operation.pathPlaces.map(({ name, place }) => ({ name, place: sample.path?.[name] ?? place })),
  }));
}

/** How an operation is sent. */
const waysOf = (id: string): readonly Sample[] => [samples[id] ?? {}].flat();

function readOperation(contract: Json, path: string, method: string, operation: Json, gaps: string[]): Operation {
  const id: string = operation.operationId;
  const pathPlaces = [...path.matchAll(/([\w-]+)\/\{(\w+)\}/g)].flatMap(([, before, name]) => {
    const place = pathParameters[`${before}/{${name}}`];
    if (place === undefined) gaps.push(`pathParameters: say what ${before}/{${name}} of ${id} is.`);
    return place === undefined ? [] : [{ name: name!, place }];
  });
  const placesIn = (where: string) =>
    ((operation.parameters ?? []) as Json[])
      .filter((parameter) => parameter.in === where)
      .flatMap(({ name }: { name: string }) => {
        const place = parameters[name];
        if (place === undefined) gaps.push(`parameters: say what ${name} (${where} of ${id}) is, or null.`);
        return place === undefined || place === null ? [] : [{ name, place }];
      });
  gaps.push(...gapsOfBody(contract, operation.requestBody?.content, id));
  return {
    id,
    name: id,
    path,
    sample: {},
    pathPlaces,
    method: method.toUpperCase() as Operation["method"],
    queryPlaces: placesIn("query"),
    headerPlaces: placesIn("header"),
  };
}

function gapsOfBody(contract: Json, content: Json, id: string): string[] {
  if (content === undefined) return [];
  const bodies = waysOf(id).flatMap(({ body }) => body ?? []);
  if (bodies.length === 0) return [`samples: give ${id} a body.`];
  const schema = content["application/json"]?.schema ?? {};
  const named = new Set(namesOfPlaces(bodies));
  return [...new Set(propertiesOf(contract, schema))]
    .filter((name) => !named.has(name) && !plainProperties.includes(name))
    .map((name) => `samples: ${name} is in the body of ${id}: give it a place, or add it to plainProperties.`);
}

/** The names of all properties that hold values; those below a plain one are plain, too. */
function* propertiesOf(contract: Json, schema: Json, name?: string): Generator<string> {
  if (name !== undefined && plainProperties.includes(name)) return;
  if (schema.$ref !== undefined) {
    yield* propertiesOf(contract, contract.components.schemas[schema.$ref.split("/").at(-1)], name);
    return;
  }
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  for (const choice of choices) yield* propertiesOf(contract, choice, name);
  for (const [inner, value] of Object.entries<Json>(schema.properties ?? {}))
    yield* propertiesOf(contract, value, inner);
  if (schema.items !== undefined) yield* propertiesOf(contract, schema.items, name);
  const isValue = schema.properties === undefined && schema.items === undefined && choices.length === 0;
  if (isValue && schema.type !== "null" && name !== undefined) yield name;
}

/** Tells whether a part of a sample is a place. */
export const isPlace = (part: unknown): part is Place =>
  typeof part === "object" && part !== null && typeof (part as Place).kind === "string";

function* namesOfPlaces(part: unknown, name = ""): Generator<string> {
  if (isPlace(part)) yield name;
  else if (Array.isArray(part)) for (const item of part) yield* namesOfPlaces(item, name);
  else if (typeof part === "object" && part !== null)
    for (const [inner, value] of Object.entries(part)) yield* namesOfPlaces(value, inner);
}
