import { z } from "zod";
import {
  getSftpAccount,
  listSftpAccounts,
  type SftpAccountResource,
  sftpAccountSchema,
} from "../../organizations/read-sftp-accounts.ts";
import { changeSftpAccount, createSftpAccount, revokeSftpAccount } from "../../organizations/sftp-accounts.ts";
import { checkTag, contentTag, ifMatchHeaders } from "../contract/etags.ts";
import { readPage } from "../contract/lists.ts";
import { pageQuery, pageSchema } from "../contract/paging.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import { accountParams, accountPatchSchema, newAccountSchema } from "./schemas.ts";

const tags = ["SFTP accounts"];

/** The entity tag of an account, which using it does not change. */
const tagOf = ({ lastUsedAt: _, ...account }: SftpAccountResource) => contentTag(account);

function checkAccount(headers: { readonly "if-match"?: string | undefined }): (account: SftpAccountResource) => void {
  const check = checkTag(headers);
  return (account) => check(tagOf(account));
}

const dateOf = (text: string | null) => (text === null ? null : new Date(text));

/** Accounts of the SFTP server. */
export function sftpAccountRoutes(app: App, dependencies: HttpDependencies): void {
  creatingRoute(app, dependencies);
  readingRoutes(app, dependencies);
  changingRoute(app, dependencies);
  revokingRoute(app, dependencies);
}

function creatingRoute(app: App, { database, clock, newId, randomBytes }: HttpDependencies): void {
  app.route({
    method: "POST",
    url: "/sftp-accounts",
    schema: {
      operationId: "createSftpAccount",
      summary: "Create an SFTP account",
      description:
        "Lets a program drop files by SFTP. Its files are processed as files of the account's source, and its results " +
        "appear in its folders. It needs a public key or a password.",
      tags,
      body: newAccountSchema,
      response: { 201: sftpAccountSchema.describe("The account."), ...problemResponses("conflict") },
    },
    handler: async (request, reply) => {
      const { organizationId, actor } = request.caller;
      const wanted = { ...request.body, expiresAt: dateOf(request.body.expiresAt) };
      const account = await createSftpAccount(database, organizationId, wanted, { clock, newId, randomBytes, actor });
      reply.code(201).header("location", `/v1/sftp-accounts/${account.id}`).header("etag", tagOf(account));
      return account;
    },
  });
}

function readingRoutes(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/sftp-accounts",
    schema: {
      operationId: "listSftpAccounts",
      summary: "List SFTP accounts",
      description: "All accounts, revoked ones too; the oldest first.",
      tags,
      querystring: z.strictObject(pageQuery),
      response: { 200: pageSchema(sftpAccountSchema).describe("A page of accounts.") },
    },
    handler: async (request) => {
      const accounts = {
        read: (after: readonly [string] | undefined, limit: number) =>
          listSftpAccounts(database, request.caller.organizationId, { after: after?.[0], limit }),
        keyOf: ({ id }: SftpAccountResource) => [id] as const,
        keyShape: z.tuple([z.uuid()]),
      };
      return readPage(accounts, request.query);
    },
  });

  app.route({
    method: "GET",
    url: "/sftp-accounts/:id",
    schema: {
      operationId: "getSftpAccount",
      summary: "Read an SFTP account",
      description: "One account, revoked or not. Its password is not stored.",
      tags,
      params: accountParams,
      response: { 200: sftpAccountSchema.describe("The account."), ...problemResponses("not_found") },
    },
    handler: async (request, reply) => {
      const account = await getSftpAccount(database, request.caller.organizationId, request.params.id);
      reply.header("etag", tagOf(account));
      return account;
    },
  });
}

function changingRoute(app: App, { database, clock, newId, randomBytes }: HttpDependencies): void {
  app.route({
    method: "PATCH",
    url: "/sftp-accounts/:id",
    schema: {
      operationId: "patchSftpAccount",
      summary: "Change an SFTP account",
      description: "Changes what is given; what is absent stays. It counts from the next login on.",
      tags,
      params: accountParams,
      headers: ifMatchHeaders,
      body: accountPatchSchema,
      response: {
        200: sftpAccountSchema.describe("The account."),
        ...problemResponses("not_found", "conflict", "version_mismatch"),
      },
    },
    handler: async (request, reply) => {
      const { organizationId, actor } = request.caller;
      const { expiresAt, ...patch } = request.body;
      const wanted = { ...patch, ...(expiresAt === undefined ? {} : { expiresAt: dateOf(expiresAt) }) };
      const context = { clock, newId, randomBytes, actor, check: checkAccount(request.headers) };
      const account = await changeSftpAccount(database, organizationId, request.params.id, wanted, context);
      reply.header("etag", tagOf(account));
      return account;
    },
  });
}

function revokingRoute(app: App, { database, clock }: HttpDependencies): void {
  app.route({
    method: "DELETE",
    url: "/sftp-accounts/:id",
    schema: {
      operationId: "revokeSftpAccount",
      summary: "Revoke an SFTP account",
      description:
        "The account logs in no more. It stays in the list, and its name is free again. Revoking it again changes nothing.",
      tags,
      params: accountParams,
      headers: ifMatchHeaders,
      response: {
        204: z.undefined().describe("The account is revoked."),
        ...problemResponses("not_found", "version_mismatch"),
      },
    },
    handler: async (request, reply) => {
      const { organizationId, actor } = request.caller;
      const check = checkAccount(request.headers);
      await revokeSftpAccount(database, organizationId, request.params.id, { clock, actor, check });
      return reply.code(204).send();
    },
  });
}
