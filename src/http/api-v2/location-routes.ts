import { z } from "zod";
import { feedEnd, feedStretch } from "../../changes/feed.ts";
import { changedLocations, type LocationRecord } from "../../directory/changed-locations.ts";
import { listLocations } from "../../directory/locations.ts";
import { type List, type ListForm, sendAll } from "../contract/lists.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import { keyQuery } from "./key-query.ts";
import { moment, requireSince } from "./window.ts";

const text = z.string();
/** A location as feeds write it (file formats, section 7), so that a list can be loaded back. */
const feedLocationSchema = z.object({
  action: text.describe('"delete" of a location that was deleted since, else "".'),
  name: text,
  groupID: text.describe("Ids of its groups, joined by `;`."),
});
const feedLocationsSchema = z.object({ locations: z.array(feedLocationSchema) }).meta({
  id: "LocationsV2",
  examples: [{ locations: [{ action: "", name: "North Campus", groupID: "CRS-0001;CRS-0002" }] }],
});

const form: ListForm<LocationRecord> = {
  list: "locations",
  item: "location",
  tell: ({ isDeleted, name, groups }): z.infer<typeof feedLocationSchema> => ({
    action: isDeleted ? "delete" : "",
    name,
    groupID: groups.join(";"),
  }),
};

/** Locations for existing jobs: the list, and the locations that changed. Files of them are imported. */
export function locationV2Routes(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/locations",
    config: { usualFormat: "xml" },
    schema: {
      operationId: "listLocationsV2",
      summary: "List locations, as existing jobs do",
      description:
        "All locations in the order of their names, or with `since` those that changed after it, in the form of a file of " +
        "locations: it can be loaded back. Deleted locations have the action `delete`. In XML, or in JSON on request. The " +
        "header `changes-until` is the next `since`, also in the first answer. `until` needs `since`. `source`, `style` " +
        "and `dryRun` are refused; other parameters that it does not know are ignored.",
      tags: ["Version 2"],
      querystring: z.looseObject({
        ...keyQuery,
        since: moment.describe("Changes after this time, or from this day on (of the organization's time zone)."),
        until: moment.describe("With `since`: up to this time, or to the end of this day."),
      }),
      response: {
        200: {
          description: "The locations.",
          content: {
            "application/xml": { schema: feedLocationsSchema },
            "application/json": { schema: feedLocationsSchema },
          },
        },
        ...problemResponses("resync_required"),
      },
    },
    handler: async (request, reply) => {
      const { since, until } = request.query;
      const { organizationId } = request.caller;
      requireSince(since, until);
      const stretch = since === undefined ? undefined : await feedStretch(database, organizationId, since, until);
      // The end of the log is read before the list: a later change comes again with the next request.
      reply.header("changes-until", stretch?.until ?? (await feedEnd(database, organizationId)).at);
      const changed = stretch === undefined ? undefined : await changedLocations(database, organizationId, stretch);
      const list: List<LocationRecord, readonly [string]> = {
        read: async (after, limit) => {
          if (changed !== undefined) {
            const first = after === undefined ? 0 : changed.findIndex(({ normalized }) => normalized === after[0]) + 1;
            return changed.slice(first, first + limit + 1);
          }
          const rows = await listLocations(database, organizationId, { after: after?.[0], limit });
          return rows.map(({ normalized, location: { name, groups } }) => ({
            normalized,
            name,
            groups,
            isDeleted: false,
          }));
        },
        keyOf: ({ normalized }) => [normalized],
        keyShape: z.tuple([z.string()]),
      };
      return sendAll(request, reply, list, form);
    },
  });
}
