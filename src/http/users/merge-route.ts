import { z } from "zod";
import { mergeUsers } from "../../directory/merge-users.ts";
import { userSchema } from "../../directory/user-schema.ts";
import { checkIfMatch, etag, ifMatchHeaders } from "../contract/etags.ts";
import { problemResponses } from "../contract/problems.ts";
import { sendJson } from "../contract/replies.ts";
import type { App } from "../server/app-types.ts";
import { changeContext, type HttpDependencies } from "../server/dependencies.ts";
import { userParams } from "./schemas.ts";

const mergeSchema = z
  .strictObject({ userId: z.string().max(100).describe("Id of the other record. It is deleted.") })
  .meta({ id: "UserMerge", examples: [{ userId: "18" }] });

/** Joining two records of one person. */
export function mergeRoute(app: App, dependencies: HttpDependencies): void {
  app.route({
    method: "POST",
    url: "/users/:id/merge",
    schema: {
      operationId: "mergeUsers",
      summary: "Join two records of one person",
      description:
        "Keeps the user of the address, and deletes the one of the body. The kept user gets the claims, e-mails, phones, " +
        "memberships and sources of the other one, and those single values that it does not have. Of two roles in a group, " +
        "the one with more rights remains. If one source knows both, the kept user's databaseId remains. The change " +
        "feed tells both. The deleted record never returns.",
      tags: ["Users"],
      params: userParams,
      headers: ifMatchHeaders,
      body: mergeSchema,
      response: {
        200: userSchema.describe("The kept user."),
        ...problemResponses("not_found", "version_mismatch"),
      },
    },
    handler: async (request, reply) => {
      const context = changeContext(dependencies, request.caller);
      const checkVersion = checkIfMatch(request.headers);
      const user = await mergeUsers(context, request.params.id, request.body.userId, checkVersion);
      return sendJson(reply.header("etag", etag(user.version)), user.document);
    },
  });
}
