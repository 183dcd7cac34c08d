import { readFileSync } from "node:fs";
import type { SwaggerOptions, SwaggerTransform, SwaggerTransformObject } from "@fastify/swagger";
import type { FastifySchema } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import type { Capability } from "../../organizations/role-capabilities.ts";
import type { Service } from "../../organizations/services.ts";
import type { AccessRule, People } from "./access.ts";
import { takesIdempotencyKey } from "./idempotency-key.ts";
import { declareHeaders, type HeadedContract, withPortablePatterns } from "./response-headers.ts";

/** A body that is read as a stream, and so has no schema of its own. */
export interface StreamedBody {
  readonly contentTypes: readonly string[];
  readonly description: string;
  /** By content type. */
  readonly examples: Readonly<Record<string, string>>;
}

declare module "fastify" {
  interface FastifyContextConfig {
    streamedBody?: StreamedBody;
  }
}

const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const introduction = `
Brings a campus directory in line with what its student information system sends, and tells others what changed.

**Keys.** Send an API key as \`Authorization: Bearer KEY\`, or as user name or password of HTTP Basic. Each address names the
services that a key needs; a key with \`admin\` may use every address but those for people alone. Organizations
are created and deleted with the operator's key (\`MUSTER_OPERATOR_KEY\`), which opens nothing else.

**People** send a token of their organization's OpenID provider the same way, or the cookie of a session. Each address says
what they need.

**Problems** are problem details (RFC 9457) with a stable \`code\`, as JSON, or as XML to those who ask for it.

**Lists** answer with \`items\` and \`nextCursor\`; send that as \`cursor\` to go on, until it is \`null\`. Query parameters that an
address does not know are an error.

**Versions.** A resource has a \`version\`, which is its \`ETag\`; a change with \`If-Match\` happens only if nobody was faster.

**Repeats.** A POST with an \`Idempotency-Key\` is done once: for a day, the same request gets the first answer again
(\`Idempotent-Replay: true\`), a different one under the same key is refused.

**Headers.** Each answer declares its headers, except the headers of HTTP itself and these, which every answer has:
\`Cache-Control: no-store\`, and for browsers \`X-Content-Type-Options\`, \`X-Frame-Options\`, \`Referrer-Policy\`,
\`Cross-Origin-Resource-Policy\`, \`Cross-Origin-Opener-Policy\`, \`Cross-Origin-Embedder-Policy\`, \`Permissions-Policy\`,
\`Content-Security-Policy\`, and over HTTPS \`Strict-Transport-Security\`. An address that does not know a method answers
405 with \`Allow\`. Answers are not compressed.

**Times** are RFC 3339 in UTC with microseconds.`.trim();

const byKey = [{ bearer: [] }, { basic: [] }];
const byPerson = [{ token: [] }, { session: [] }, { plainSession: [] }];

/** The settings of @fastify/swagger. The document depends on the routes alone, not on where the service runs. */
export const openApiOptions: SwaggerOptions = {
  openapi: {
    openapi: "3.1.0",
    info: {
      title: "Muster",
      version,
      description: introduction,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" } as { name: string },
    },
    servers: [{ url: "/", description: "This service" }],
    tags: [
      { name: "Imports", description: "Files that are handed over, and what became of them." },
      { name: "Users", description: "People, one at a time." },
      { name: "Groups", description: "Groups and their members." },
      { name: "Locations", description: "Locations (campuses) and their groups." },
      { name: "Permissions", description: "Who may do more than a member." },
      { name: "Topics", description: "What is submitted to groups, and published at once or after approval." },
      { name: "Membership requests", description: "People who ask to join a group." },
      { name: "Pending", description: "One queue of whatever waits for a decision." },
      { name: "Opt-outs", description: "Numbers and addresses to which nothing is to be sent." },
      { name: "Changes", description: "The changes, for clients that keep a copy." },
      { name: "Organization", description: "Settings and sources." },
      { name: "Signing in", description: "People who use this API themselves." },
      { name: "API keys", description: "Who may use this API." },
      { name: "SFTP accounts", description: "Who may drop files by SFTP." },
      { name: "Operator", description: "The organizations of the service, for those who run it." },
      { name: "Audit log", description: "Who decided and set what." },
      { name: "Version 2", description: "The addresses that existing jobs call: they need a new host name only." },
      { name: "Operations", description: "For those who run the service." },
    ],
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "The API key." },
        basic: { type: "http", scheme: "basic", description: "The API key as user name or password." },
        token: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "A person's token of the organization's OpenID provider.",
        },
        session: {
          type: "apiKey",
          in: "cookie",
          name: "__Host-muster",
          description:
            "A person's session, over HTTPS. What changes something has to come from a page of the service, as JSON or with the header Muster-Request.",
        },
        plainSession: {
          type: "apiKey",
          in: "cookie",
          name: "muster_session",
          description: "The same over plain HTTP, on the machine of the service.",
        },
        operator: { type: "http", scheme: "bearer", description: "The operator's key." },
        operatorBasic: { type: "http", scheme: "basic", description: "The operator's key as user name or password." },
      },
    },
    security: [...byKey, ...byPerson],
  },
  transform: describeRoute(),
  transformObject: tidyComponents(),
};

type Json = Record<string, unknown>;

/** Adds to a route what every route of its kind has, and what its zod schemas cannot say. */
function describeRoute(): SwaggerTransform<FastifySchema> {
  return (document) => {
    const { schema, url } = jsonSchemaTransform(document);
    const { route } = document;
    const described = schema as Json;
    const { access, streamedBody } = route.config ?? {};
    if (access !== undefined) {
      described.description = `${described.description}\n\n${needs(access)}`;
      Object.assign(described, securityOf(access));
    }
    if (route.schema?.security?.some((scheme) => "operator" in scheme))
      described.description = `${described.description}\n\nNeeds the operator's key; without \`MUSTER_OPERATOR_KEY\` there is no such address.`;
    if (access !== undefined && takesIdempotencyKey(String(route.method), route.config)) addIdempotencyKey(described);
    if (streamedBody !== undefined) described.body = bodySchema(streamedBody);
    const created = (described.response as Json | undefined)?.["201"] as Json | undefined;
    if (created) created.headers = { Location: { type: "string", description: "Address of what was created." } };
    return { schema: described as FastifySchema, url };
  };
}

/** Says in a sentence or two which callers may use the address. */
function needs({ services, people }: AccessRule): string {
  const all = [...new Set<Service>([...services, "admin"])].map((service) => `\`${service}\``);
  const keys = services.length === 0 ? "Takes no API key." : `Needs a key with the service ${all.join(" or ")}.`;
  return `${keys} ${peopleSentences[people]}`;
}

const inGroup = (capability: Capability) =>
  `People need the capability \`${capability}\` in the group, or to be network administrators.`;
const peopleSentences: Readonly<Record<People, string>> = {
  "network-administrators": "People need to be network administrators.",
  anyone: "Open to everybody who signed in.",
  self: "People may use it about themselves, network administrators about everybody.",
  nobody: "Not for people.",
  see: inGroup("see"),
  submit: inGroup("submit"),
  publish: inGroup("publish"),
  decide: inGroup("decide"),
  administer: inGroup("administer"),
};

/** How to say who sends the request, where that is not as everywhere. */
function securityOf({ services, people }: AccessRule) {
  if (services.length === 0) return { security: byPerson };
  return people === "nobody" ? { security: byKey } : {};
}

function addIdempotencyKey(described: Json): void {
  const headers = (described.headers ?? { type: "object", properties: {} }) as { properties: Json };
  headers.properties["idempotency-key"] = {
    type: "string",
    minLength: 1,
    maxLength: 200,
    description: "Makes repeats of this request harmless; give every request a key of its own.",
  };
  described.headers = headers;
}

function bodySchema({ contentTypes, description, examples }: StreamedBody): Json {
  const schemaOf = (contentType: string) => {
    const example = examples[contentType];
    return { schema: { type: "string", description, ...(example === undefined ? {} : { examples: [example] }) } };
  };
  return { content: Object.fromEntries(contentTypes.map((contentType) => [contentType, schemaOf(contentType)])) };
}

interface Contract {
  paths: object;
  components: { schemas: Record<string, object> };
}

const reference = /"#\/components\/schemas\/([^"]+)"/g;

/**
 * The zod provider adds every named schema twice, as it is read ("UserInput") and as it is written ("User"): what nobody
 * refers to is left out, and what is read only gets its plain name.
 */
function tidyComponents(): SwaggerTransformObject {
  return (document) => {
    const whole = jsonSchemaTransformObject(document) as unknown as Contract;
    const used = usedComponents(whole);
    const plainName = (name: string) => {
      const plain = name.replace(/Input$/, "");
      return used.has(plain) ? name : plain;
    };
    const schemas = Object.entries(whole.components.schemas)
      .filter(([name]) => used.has(name))
      .map(([name, schema]) => [plainName(name), schema] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1));
    const tidy = { ...whole, components: { ...whole.components, schemas: Object.fromEntries(schemas) } };
    const text = JSON.stringify(tidy).replaceAll(reference, (_, name) => `"#/components/schemas/${plainName(name)}"`);
    const contract = withPortablePatterns(text) as HeadedContract & ReturnType<SwaggerTransformObject>;
    declareHeaders(contract);
    return contract;
  };
}

function usedComponents({ paths, components }: Contract): Set<string> {
  const used = new Set<string>();
  const follow = (part: object) => {
    for (const [, name] of JSON.stringify(part).matchAll(reference)) {
      if (name === undefined || used.has(name)) continue;
      used.add(name);
      follow(components.schemas[name] ?? {});
    }
  };
  follow(paths);
  return used;
}
