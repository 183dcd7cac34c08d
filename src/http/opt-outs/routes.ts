import { z } from "zod";
import {
  createOptOut,
  deleteOptOut,
  getOptOut,
  listOptOuts,
  optOutReasons,
  optOutSchema,
} from "../../directory/opt-outs.ts";
import { line } from "../../directory/text.ts";
import { limits } from "../../intake/limits.ts";
import { readPage } from "../contract/lists.ts";
import { pageQuery, pageSchema } from "../contract/paging.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";

const tags = ["Opt-outs"];

const newOptOutSchema = z
  .strictObject({
    email: line(limits.user.emailLength).optional().describe("An address; this or a phone."),
    phone: line(100).optional().describe("A number in any notation; without a country it is the organization's."),
    reason: z.enum(optOutReasons).default("unsubscribed"),
  })
  .meta({ id: "NewOptOut", examples: [{ phone: "(212) 555-0123" }] });

const optOutFilter = z.strictObject({
  ...pageQuery,
  email: z.string().max(1000).optional().describe("This address, without regard to case."),
  phone: z.string().max(100).optional().describe("This number, in E.164."),
});

const optOutParams = z.strictObject({ id: z.uuid().describe("Id of the opt-out.") });

/** Numbers and addresses to which nothing is to be sent. */
export function optOutRoutes(app: App, dependencies: HttpDependencies): void {
  readingRoutes(app, dependencies);
  creatingRoute(app, dependencies);
  deletingRoute(app, dependencies);
}

function readingRoutes(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/opt-outs",
    schema: {
      operationId: "listOptOuts",
      summary: "List opt-outs",
      description:
        "Numbers and addresses to which nothing is to be sent, the oldest first. They are the organization's, not a " +
        "person's: no import, removal or return of a person changes them.",
      tags,
      querystring: optOutFilter,
      response: { 200: pageSchema(optOutSchema).describe("A page of opt-outs.") },
    },
    handler: async (request) => {
      const { cursor, limit, email, phone } = request.query;
      const { organizationId } = request.caller;
      const read = (after: readonly [string] | undefined, most: number) =>
        listOptOuts(database, organizationId, { email, phone }, { after: after?.[0], limit: most });
      return readPage({ read, keyOf: ({ id }) => [id] as const, keyShape: z.tuple([z.uuid()]) }, { cursor, limit });
    },
  });

  app.route({
    method: "GET",
    url: "/opt-outs/:id",
    schema: {
      operationId: "getOptOut",
      summary: "Get an opt-out",
      description: "One opt-out.",
      tags,
      params: optOutParams,
      response: { 200: optOutSchema.describe("The opt-out."), ...problemResponses("not_found") },
    },
    handler: (request) => getOptOut(database, request.caller.organizationId, request.params.id),
  });
}

function creatingRoute(app: App, { database, queue, clock, newId }: HttpDependencies): void {
  app.route({
    method: "POST",
    url: "/opt-outs",
    schema: {
      operationId: "createOptOut",
      summary: "Note an opt-out",
      description: "Notes that nothing is to be sent to a number or an address. Repeating it changes nothing.",
      tags,
      body: newOptOutSchema,
      response: {
        200: optOutSchema.describe("It was noted before."),
        201: optOutSchema.describe("It is noted."),
      },
    },
    handler: async (request, reply) => {
      const { organizationId, actor } = request.caller;
      const context = { database, queue, clock, organizationId, actor };
      const { optOut, isNew } = await createOptOut(context, request.body, newId());
      if (isNew) reply.code(201).header("location", `/v1/opt-outs/${optOut.id}`);
      return optOut;
    },
  });
}

function deletingRoute(app: App, { database, queue, clock }: HttpDependencies): void {
  app.route({
    method: "DELETE",
    url: "/opt-outs/:id",
    schema: {
      operationId: "deleteOptOut",
      summary: "Take an opt-out back",
      description: "Somebody opted in again, or an address works again.",
      tags,
      params: optOutParams,
      response: { 204: z.undefined().describe("It is taken back."), ...problemResponses("not_found") },
    },
    handler: async (request, reply) => {
      const { organizationId, actor } = request.caller;
      await deleteOptOut({ database, queue, clock, organizationId, actor }, request.params.id);
      return reply.code(204).send();
    },
  });
}
