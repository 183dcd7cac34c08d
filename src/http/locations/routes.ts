import { z } from "zod";
import { locationSchema } from "../../directory/location-document.ts";
import { createLocation, getLocation, listLocations } from "../../directory/locations.ts";
import { cutFollowablePage, followablePageSchema, startPage } from "../changes/followable.ts";
import { etag } from "../contract/etags.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import { changeContext, type HttpDependencies } from "../server/dependencies.ts";
import { locationFilter, locationParams, newLocationSchema } from "./schemas.ts";

const tags = ["Locations"];

/** Locations, one at a time. */
export function locationRoutes(app: App, dependencies: HttpDependencies): void {
  const { database } = dependencies;

  app.route({
    method: "GET",
    url: "/locations",
    schema: {
      operationId: "listLocations",
      summary: "List locations",
      description: "Locations in the order of their names in lower case.",
      tags,
      querystring: locationFilter,
      response: { 200: followablePageSchema(locationSchema).describe("A page of locations.") },
    },
    handler: async (request) => {
      const { cursor, limit } = request.query;
      const { organizationId } = request.caller;
      const { after, position } = await startPage(database, organizationId, cursor, z.string());
      const rows = await listLocations(database, organizationId, { after, limit });
      const { items, ...cursors } = cutFollowablePage(rows, limit, position, ({ normalized }) => normalized);
      return { items: items.map(({ location }) => ({ ...location, groups: [...location.groups] })), ...cursors };
    },
  });

  app.route({
    method: "GET",
    url: "/locations/:name",
    schema: {
      operationId: "getLocation",
      summary: "Get a location",
      description: "One location, with its groups.",
      tags,
      params: locationParams,
      response: { 200: locationSchema.describe("The location."), ...problemResponses("not_found") },
    },
    handler: async (request, reply) => {
      const location = await getLocation(database, request.caller.organizationId, request.params.name);
      reply.header("etag", etag(location.version));
      return { ...location, groups: [...location.groups] };
    },
  });

  app.route({
    method: "POST",
    url: "/locations",
    schema: {
      operationId: "createLocation",
      summary: "Create a location",
      description: "Creates a location. Imports that name it find it from then on.",
      tags,
      body: newLocationSchema,
      response: { 201: locationSchema.describe("The new location."), ...problemResponses("conflict") },
    },
    handler: async (request, reply) => {
      const location = await createLocation(changeContext(dependencies, request.caller), request.body);
      const address = `/v1/locations/${encodeURIComponent(location.name)}`;
      reply.code(201).header("location", address).header("etag", etag(location.version));
      return { ...location, groups: [...location.groups] };
    },
  });
}
