import { Readable } from "node:stream";
import { z } from "zod";
import { deleteGroup, purgeGroup } from "../../directory/edit-groups.ts";
import { createGroups, type GroupDocument, listGroups } from "../../directory/groups.ts";
import { MusterError } from "../../errors.ts";
import type { Database } from "../../store/database.ts";
import type { App } from "../app-types.ts";
import { changeContext, type HttpDependencies } from "../dependencies.ts";
import { groupDeletion, groupParams } from "../groups/schemas.ts";
import { examplesByType } from "../imports/bodies.ts";
import { fileTypes } from "../imports/receive.ts";
import { receiveRequest, streamBodies } from "../imports/run.ts";
import { chooseFormat } from "../negotiation.ts";
import { largestPage } from "../paging.ts";
import { problemResponses } from "../problems.ts";
import { sendDocument } from "../replies.ts";
import {
  createdGroupsSchema,
  endedMembershipsSchema,
  feedGroupsSchema,
  groupsJson,
  groupsXml,
} from "./group-documents.ts";
import { mostGroups, readGroups, type WantedGroup } from "./read-groups.ts";

const tags = ["Version 2"];
/** The query of these addresses; parameters that nobody knows are ignored. */
const keyQuery = {
  api_key: z.string().max(400).optional().describe("The API key. It may come as `Authorization` as well."),
};

/** What a status is answered with: XML, unless JSON is asked for or was sent. */
const answered = (description: string, schema: z.ZodType) => ({
  description,
  content: { "application/xml": { schema }, "application/json": { schema } },
});

/** Groups for existing jobs: list, create, purge and delete. */
export function groupV2Routes(app: App, dependencies: HttpDependencies): void {
  listRoute(app, dependencies);
  void app.register((scope, _options, ready) => {
    streamBodies(scope as App);
    createRoute(scope as App, dependencies);
    ready();
  });
  void app.register((scope, _options, ready) => {
    // Clients send forms without fields along with a POST: nothing is read from the body.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null, undefined));
    endingRoutes(scope as App, dependencies);
    ready();
  });
}

function listRoute(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/groups",
    config: { usualFormat: "xml" },
    schema: {
      operationId: "listGroupsV2",
      summary: "List all groups, as existing jobs do",
      description:
        "All groups in the order of their ids, in the form of a file of groups: it can be loaded back. In XML, or in JSON to " +
        "who asks for it. Parameters that it does not know are ignored.",
      tags,
      querystring: z.looseObject(keyQuery),
      response: { 200: answered("All groups.", feedGroupsSchema) },
    },
    handler: async (request, reply) => {
      const pages = allGroups(database, request.caller.organizationId);
      const format = chooseFormat(request.headers, ["xml", "json"], "xml");
      return reply
        .header("vary", "accept")
        .header("content-type", `application/${format}; charset=utf-8`)
        .send(Readable.from(format === "json" ? groupsJson(pages) : groupsXml(pages)) as never);
    },
  });
}

async function* allGroups(database: Database, organizationId: number): AsyncGenerator<readonly GroupDocument[]> {
  for (let after: string | undefined; ; ) {
    const rows: GroupDocument[] = await listGroups(database, organizationId, {}, { after, limit: largestPage });
    yield rows.slice(0, largestPage);
    if (rows.length <= largestPage) return;
    after = rows[largestPage - 1]!.groupId;
  }
}

const groupsBody = {
  contentTypes: fileTypes,
  description:
    'A document of groups: XML (`<groups type="array">` with a `<group>` for each), CSV, or JSON; text and forms with one ' +
    "file are told by their content.",
  examples: examplesByType(
    '<groups type="array"><group><name>Chess</name><category>8</category></group></groups>',
    '{"groups":[{"name":"Chess","category":"8"}]}',
    "name,category\nChess,8\n",
  ),
};

function createRoute(app: App, dependencies: HttpDependencies): void {
  app.route({
    method: "POST",
    url: "/groups",
    config: { streamedBody: groupsBody, usualFormat: "xml" },
    schema: {
      operationId: "createGroupsV2",
      summary: "Create groups, as existing jobs do",
      description:
        `Creates up to ${mostGroups} groups without members, and answers row by row: in JSON to JSON, in XML to anything else. A ` +
        "group with any invalid value, or with an id or a name that is taken, is not created; the others are. A document " +
        "that was taken is answered with 200. Parameters that it does not know are ignored.",
      tags,
      querystring: z.looseObject(keyQuery),
      response: {
        200: answered("What became of each group.", createdGroupsSchema),
        ...problemResponses("body_missing", "body_incomplete", "body_too_large", "media_type_unsupported"),
        ...problemResponses("compression_invalid", "multipart_invalid", "encoding_invalid", "encoding_unsupported"),
        ...problemResponses("xml_not_well_formed", "xml_cut_off", "xml_doctype_forbidden", "xml_entity_forbidden"),
        ...problemResponses("csv_not_well_formed", "csv_cut_off", "json_not_well_formed", "json_cut_off"),
        ...problemResponses("xml_limit_exceeded", "csv_limit_exceeded", "json_limit_exceeded", "document_empty"),
        ...problemResponses("document_root_wrong", "document_type_missing", "document_structure_wrong"),
      },
    },
    handler: async (request, reply) => {
      const wanted = await readGroups(await receiveRequest(dependencies, request));
      const valid = wanted.flatMap((row) => ("group" in row ? [row.group] : []));
      const outcomes = (await createGroups(changeContext(dependencies, request.caller), valid)).values();
      const groups = wanted.map((row) => told(row, "group" in row ? outcomes.next().value! : row.message));
      return sendDocument(request, reply, "answer", createdGroupsSchema, { groups });
    },
  });
}

function told({ row }: WantedGroup, outcome: GroupDocument | MusterError | string) {
  const isCreated = typeof outcome !== "string" && !(outcome instanceof MusterError);
  const message = typeof outcome === "string" ? outcome : outcome instanceof MusterError ? outcome.detail : "";
  return {
    row,
    groupID: isCreated ? outcome.groupId : null,
    action: "Add" as const,
    status: isCreated ? ("Successful" as const) : ("Fail" as const),
    message,
  };
}

const endingQuery = z.looseObject({ ...keyQuery, ...groupDeletion.shape });
const confirmation =
  "A group with 1,000 members and more, a protected one and one for emergency alerts is taken apart only if " +
  "`expectedMembers` names how many it has. Parameters that it does not know, and a body, are ignored.";

function endingRoutes(app: App, dependencies: HttpDependencies): void {
  const shared = { tags, params: groupParams, querystring: endingQuery };
  const refused = problemResponses("not_found", "conflict");

  app.route({
    method: "POST",
    url: "/groups/:groupId/purge",
    config: { usualFormat: "xml" },
    schema: {
      ...shared,
      operationId: "purgeGroupV2",
      summary: "Empty a group, as existing jobs do",
      description: `Ends every membership of a group; the group and the people stay. ${confirmation}`,
      response: { 200: answered("The group is empty.", endedMembershipsSchema), ...refused },
    },
    handler: async (request, reply) => {
      const { groupId } = request.params;
      const expectation = { expectedMembers: request.query.expectedMembers, checkVersion: () => {} };
      const membershipsRemoved = await purgeGroup(changeContext(dependencies, request.caller), groupId, expectation);
      return sendDocument(request, reply, "group", endedMembershipsSchema, { groupID: groupId, membershipsRemoved });
    },
  });

  app.route({
    method: "DELETE",
    url: "/groups/:groupId",
    config: { usualFormat: "xml" },
    schema: {
      ...shared,
      operationId: "deleteGroupV2",
      summary: "Delete a group, as existing jobs do",
      description: `Deletes a group and its memberships; the people stay. ${confirmation}`,
      response: { 200: answered("The group is deleted.", endedMembershipsSchema), ...refused },
    },
    handler: async (request, reply) => {
      const { groupId } = request.params;
      const expectation = { expectedMembers: request.query.expectedMembers, checkVersion: () => {} };
      const membershipsRemoved = await deleteGroup(changeContext(dependencies, request.caller), groupId, expectation);
      return sendDocument(request, reply, "group", endedMembershipsSchema, { groupID: groupId, membershipsRemoved });
    },
  });
}
