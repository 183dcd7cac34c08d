import { z } from "zod";
import { MusterError } from "../../errors.ts";
import { supportedEncoding } from "../../intake/encoding-labels.ts";
import { readOptionsOf } from "../../intake/mapping.ts";
import { type FieldMapping, mappingSchema } from "../../intake/mapping-schema.ts";
import { previewFile } from "../../intake/preview.ts";
import { announceSourceChange } from "../../moderation/announce-change.ts";
import { guardLimitsSchema } from "../../organizations/guard-limits.ts";
import { getOrganization } from "../../organizations/organizations.ts";
import { announcement, sourceSchema, wishMembers } from "../../organizations/source-resource.ts";
import { announceChange, getSource, listSources, putSource, type SourceWish } from "../../organizations/sources.ts";
import { etag, ifMatchHeaders, ifMatchVersions, requireVersion } from "../contract/etags.ts";
import { pageSchema } from "../contract/paging.ts";
import { problemResponses } from "../contract/problems.ts";
import { rosterBody } from "../imports/bodies.ts";
import { receiveRequest } from "../imports/run.ts";
import type { App } from "../server/app-types.ts";
import { type HttpDependencies, moderationOf } from "../server/dependencies.ts";
import { previewSchema } from "./preview-schema.ts";

const tags = ["Organization"];

const nameSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,99}$/,
    "a source's name has lower-case letters, digits, - _ and ., and begins with one of the first two",
  )
  .describe("Name of the source.");
const sourceParams = z.strictObject({ name: nameSchema });

const announcementSchema = z
  .strictObject(announcement)
  .refine(({ from, until }) => Date.parse(from) < Date.parse(until), { path: ["until"], message: "is after `from`" })
  .meta({
    id: "NewAnnouncedChange",
    examples: [
      {
        percent: 40,
        from: "2026-12-18T00:00:00Z",
        until: "2026-12-21T00:00:00Z",
        announcedBy: "Kim Park",
      },
    ],
  });
const wishSchema = z
  .strictObject({
    rank: wishMembers.rank.optional(),
    style: wishMembers.style.default(null),
    mapping: wishMembers.mapping.default(null),
    primaryEmail: wishMembers.primaryEmail.default("kept"),
    guard: guardLimitsSchema.prefault({}).describe("Beyond which limits its imports are held."),
  })
  .meta({ id: "NewSource", examples: [{ rank: 1, mapping: { fields: { databaseID: "EMPLID", email: "EMAIL" } } }] });

/** The organization's sources: reading and setting them. */
export function sourceRoutes(app: App, dependencies: HttpDependencies): void {
  readingRoutes(app, dependencies);
  settingRoute(app, dependencies);
}

function readingRoutes(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/sources",
    schema: {
      operationId: "listSources",
      summary: "List sources",
      description: "The feeds of the organization, the highest first. There are so few that they are always one page.",
      tags,
      response: { 200: pageSchema(sourceSchema).describe("All sources.") },
    },
    handler: async (request) => ({
      items: await listSources(database, request.caller.organizationId),
      nextCursor: null,
    }),
  });

  app.route({
    method: "GET",
    url: "/sources/:name",
    schema: {
      operationId: "getSource",
      summary: "Read a source",
      description: "One feed of the organization.",
      tags,
      params: sourceParams,
      response: { 200: sourceSchema.describe("The source."), ...problemResponses("not_found") },
    },
    handler: async (request, reply) => {
      const source = await getSource(database, request.caller.organizationId, request.params.name);
      reply.header("etag", etag(source.version));
      return source;
    },
  });
}

function settingRoute(app: App, { database, queue, clock }: HttpDependencies): void {
  app.route({
    method: "PUT",
    url: "/sources/:name",
    schema: {
      operationId: "putSource",
      summary: "Create or set a source",
      description:
        "Creates a feed, or replaces what is set of it; what is left out gets its default, a rank stays as it is. After a " +
        "change the next import of each source looks at every row again.",
      tags,
      params: sourceParams,
      headers: ifMatchHeaders,
      body: wishSchema,
      response: {
        200: sourceSchema.describe("The source."),
        201: sourceSchema.describe("The source, created."),
        ...problemResponses("version_mismatch", "conflict"),
      },
    },
    handler: async (request, reply) => {
      const { organizationId, actor } = request.caller;
      const expected = ifMatchVersions(request.headers["if-match"]);
      const { source, isNew } = await putSource(
        { database, queue, clock, organizationId, actor },
        request.params.name,
        request.body as SourceWish,
        (version) => requireVersion(expected, version),
      );
      reply.header("etag", etag(source.version));
      if (isNew) reply.code(201).header("location", `/v1/sources/${source.name}`);
      return source;
    },
  });
}

/** Announcing what the guard would hold. */
export function announcementRoutes(app: App, dependencies: HttpDependencies): void {
  const { database, queue, clock } = dependencies;
  app.route({
    method: "PUT",
    url: "/sources/:name/announced-change",
    schema: {
      operationId: "announceChange",
      summary: "Announce a change of a source",
      description:
        "Lets more go than the limits say: people, memberships, members of a group, and people missing from a roster, up to " +
        "so many percent, between two times, by one import. Holds for other reasons stay what they are. The key needs the " +
        "service `approvals` and may not import. An import that the announcing person sends does not use it.",
      tags,
      params: sourceParams,
      body: announcementSchema,
      response: { 200: sourceSchema.describe("The source."), ...problemResponses("not_found") },
    },
    handler: (request) =>
      announceSourceChange(moderationOf(dependencies, request.caller), request.params.name, request.body),
  });

  app.route({
    method: "DELETE",
    url: "/sources/:name/announced-change",
    schema: {
      operationId: "withdrawAnnouncedChange",
      summary: "Take an announced change back",
      description: "The limits of the source count again.",
      tags,
      params: sourceParams,
      response: { 200: sourceSchema.describe("The source."), ...problemResponses("not_found") },
    },
    handler: async (request) => {
      const { organizationId, actor } = request.caller;
      return announceChange({ database, queue, clock, organizationId, actor }, request.params.name, null);
    },
  });
}

/** Trying a source's mapping on a sample; the scope takes files. */
export function previewRoute(app: App, dependencies: HttpDependencies): void {
  const { database } = dependencies;
  app.route({
    method: "POST",
    url: "/sources/:name/preview",
    config: { streamedBody: rosterBody, recognisesRepeats: true },
    schema: {
      operationId: "previewSource",
      summary: "See how a sample would be read",
      description:
        "Reads the first rows of a sample as an import of the source would, and tells what it finds; nothing is stored. A " +
        "form may bring a mapping to try (a field `mapping`, before the file), instead of the one that is set.",
      tags,
      params: sourceParams,
      querystring: z.strictObject({
        limit: z.coerce.number().int().min(1).max(100).default(20).describe("Most rows to show, up to 100."),
      }),
      response: {
        200: previewSchema.describe("How the sample would be read."),
        ...problemResponses("body_missing", "body_incomplete", "body_too_large", "compression_invalid"),
        ...problemResponses("not_found", "multipart_invalid", "media_type_unsupported", "encoding_unsupported"),
      },
    },
    handler: async (request) => {
      const { organizationId } = request.caller;
      const source = await getSource(database, organizationId, request.params.name);
      const { settings } = await getOrganization(database, organizationId);
      let mapping = source.mapping;
      const file = await receiveRequest(dependencies, request, (name, value) => {
        if (name === "mapping") mapping = readMapping(value);
      });
      const charset = file.charset === undefined ? undefined : supportedEncoding(file.charset);
      const options = { ...readOptionsOf(mapping, charset), sourceName: source.name };
      const { limit } = request.query;
      const preview = await previewFile(file.body, file.format, options, { rules: settings, limit });
      return previewSchema.parse(preview);
    },
  });
}

function readMapping(text: string): FieldMapping {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MusterError("request_invalid", "The field mapping of the form is no JSON.", { field: "mapping" });
  }
  const parsed = mappingSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => ({ field: ["mapping", ...path].join("."), message }));
  throw new MusterError("request_invalid", "The mapping of the form is not valid.", { field: "mapping", errors });
}
