import { z } from "zod";
import { deleteLocation, updateLocation } from "../../directory/edit-locations.ts";
import { locationSchema } from "../../directory/location-document.ts";
import { checkIfMatch, etag, ifMatchHeaders } from "../contract/etags.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import { changeContext, type HttpDependencies } from "../server/dependencies.ts";
import { mergePatchTypes, withMergePatches } from "../server/json.ts";
import { locationParams, locationPatchSchema } from "./schemas.ts";

const tags = ["Locations"];

/** Changing and deleting locations. */
export function locationEditRoutes(app: App, dependencies: HttpDependencies): void {
  withMergePatches(app, (scope) => updateRoute(scope, dependencies));

  app.route({
    method: "DELETE",
    url: "/locations/:name",
    schema: {
      operationId: "deleteLocation",
      summary: "Delete a location",
      description: "Deletes a location. Its groups and its people stay, and are at no location any more.",
      tags,
      params: locationParams,
      headers: ifMatchHeaders,
      response: {
        204: z.undefined().describe("The location is deleted."),
        ...problemResponses("not_found", "version_mismatch"),
      },
    },
    handler: async (request, reply) => {
      const context = changeContext(dependencies, request.caller);
      await deleteLocation(context, request.params.name, checkIfMatch(request.headers));
      return reply.code(204).send();
    },
  });
}

function updateRoute(app: App, dependencies: HttpDependencies): void {
  app.route({
    method: "PATCH",
    url: "/locations/:name",
    schema: {
      operationId: "updateLocation",
      summary: "Change a location",
      description:
        "A JSON merge patch (RFC 7396): what is absent stays, `groups` are replaced whole. A location with groups keeps its " +
        "name. Who is at a location that gets another name is there under the new name. A patch that changes nothing is no " +
        "change: the version stays.",
      tags,
      consumes: mergePatchTypes,
      params: locationParams,
      headers: ifMatchHeaders,
      body: locationPatchSchema,
      response: {
        200: locationSchema.describe("The location, changed."),
        ...problemResponses("not_found", "conflict", "version_mismatch"),
      },
    },
    handler: async (request, reply) => {
      const context = changeContext(dependencies, request.caller);
      const location = await updateLocation(context, request.params.name, request.body, checkIfMatch(request.headers));
      reply.header("etag", etag(location.version));
      return { ...location, groups: [...location.groups] };
    },
  });
}
