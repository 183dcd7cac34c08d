import { z } from "zod";
import {
  getOrganization,
  organizationSchema,
  patchSettings,
  type SettingsPatch,
} from "../../organizations/organizations.ts";
import { settingsSchema } from "../../organizations/settings.ts";
import { etag, ifMatchHeaders, ifMatchVersions, requireVersion } from "../contract/etags.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";

const tags = ["Organization"];

/** Each setting may be absent (it stays) or null (it gets its default back). */
const settingsPatchSchema = z.strictObject(
  Object.fromEntries(
    Object.entries(settingsSchema.shape).map(([name, rule]) => [name, rule.unwrap().nullable().optional()]),
  ),
);

const organizationPatchSchema = z
  .strictObject({ settings: settingsPatchSchema })
  .meta({ id: "OrganizationPatch", examples: [{ settings: { createGroups: ["CRS-*"], countryCode: null } }] });

/** Reading and changing the organization's settings. */
export function organizationRoutes(app: App, { database, queue, clock }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/organization",
    schema: {
      operationId: "getOrganization",
      summary: "Read the organization",
      description: "The organization of the key, with all its settings.",
      tags,
      response: { 200: organizationSchema.describe("The organization.") },
    },
    handler: async (request, reply) => {
      const organization = await getOrganization(database, request.caller.organizationId);
      reply.header("etag", etag(organization.version));
      return organization;
    },
  });

  app.route({
    method: "PATCH",
    url: "/organization",
    schema: {
      operationId: "patchOrganization",
      summary: "Change settings",
      description:
        "Changes the settings that are given; null puts back a default. After a change the next import of each source " +
        "looks at every row again, unchanged ones too.",
      tags,
      headers: ifMatchHeaders,
      body: organizationPatchSchema,
      response: { 200: organizationSchema.describe("The organization."), ...problemResponses("version_mismatch") },
    },
    handler: async (request, reply) => {
      const { organizationId, actor } = request.caller;
      const expected = ifMatchVersions(request.headers["if-match"]);
      const organization = await patchSettings(
        { database, queue, clock, organizationId, actor },
        request.body.settings as SettingsPatch,
        (version) => requireVersion(expected, version),
      );
      reply.header("etag", etag(organization.version));
      return organization;
    },
  });
}
