import { z } from "zod";
import { timeText } from "../../directory/text.ts";
import { readUserId } from "../../directory/users.ts";
import { MusterError } from "../../errors.ts";
import { capabilities } from "../../organizations/role-capabilities.ts";
import { roles } from "../../organizations/settings.ts";
import { createFirstAdministratorLink } from "../../sign-in/first-administrator.ts";
import { createSignInLink } from "../../sign-in/links.ts";
import { type PersonDocument, readPerson } from "../../sign-in/person.ts";
import { endSession, endSessionsOf } from "../../sign-in/sessions.ts";
import { forgetSession, ownOrigin } from "../callers/session-cookie.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "../server/app-types.ts";
import type { Caller, HttpDependencies } from "../server/dependencies.ts";
import { userParams } from "../users/schemas.ts";

const tags = ["Signing in"];

const examplePerson: PersonDocument = {
  id: "17",
  firstName: "Jane",
  lastName: "Doe",
  username: "jdoe",
  organization: { id: "1", name: "University" },
  roles: [
    { role: 0, name: "member", scope: "group", capabilities: ["see", "submit"], groups: 4 },
    { role: 1, name: "full-administrator", scope: "group", capabilities, groups: 1 },
  ],
};

const roleSchema = z.object({
  role: z.int(),
  name: z.enum(roles),
  scope: z
    .enum(["organization", "group"])
    .describe("The groups in which it counts: every group, or the groups of the role."),
  capabilities: z.array(z.enum(capabilities)).describe("What the role may do there."),
  groups: z.int().describe("In how many groups the person has it."),
});

const meSchema = z
  .object({
    id: z.string(),
    firstName: z.string(),
    lastName: z.string(),
    username: z.string().nullable(),
    organization: z.object({ id: z.string(), name: z.string() }),
    roles: z.array(roleSchema).describe("The roles that the person has in any group, each once."),
  })
  .meta({ id: "Me", examples: [toAnswer(examplePerson)] });

function toAnswer(person: PersonDocument) {
  return { ...person, roles: person.roles.map((held) => ({ ...held, capabilities: [...held.capabilities] })) };
}

const newLinkSchema = z
  .strictObject({
    userId: z.string().max(100).optional().describe("The user's id."),
    username: z.string().min(1).max(1000).optional().describe("The username, without regard to case."),
    firstAdministrator: z
      .literal(true)
      .optional()
      .describe("Instead of a user: the first network administrator, who introduces themselves on the page."),
  })
  .refine((target) => Object.values(target).filter((value) => value !== undefined).length === 1, {
    error: "takes one of userId, username and firstAdministrator",
  })
  .meta({ id: "NewSignInLink", examples: [{ username: "jdoe" }] });

const linkSchema = z
  .object({
    url: z.string().describe("The link. It is shown now and never again, and works once."),
    userId: z.string().nullable().describe("The person whom it signs in; null: the first administrator."),
    expiresAt: z
      .string()
      .describe("The end of its validity: after 15 minutes; for the first administrator after a day."),
  })
  .meta({
    id: "SignInLink",
    examples: [
      {
        url: "https://muster.example.edu/sign-in/n6mYcP2vR0xk3bWqTfJ8hLsE1dZaUo4iGy7VwC9XtKe",
        userId: "17",
        expiresAt: "2026-11-22T09:45:00.123000Z",
      },
    ],
  });

/** Routes of the signed-in person, links and sessions. */
export function signInRoutes(app: App, dependencies: HttpDependencies): void {
  meRoute(app, dependencies);
  linkRoute(app, dependencies);
  sessionRoutes(app, dependencies);
}

function meRoute(app: App, { database }: HttpDependencies): void {
  app.route({
    method: "GET",
    url: "/me",
    schema: {
      operationId: "getMe",
      summary: "Get who is signed in",
      description: "Returns the signed-in person and their roles. API keys have no person.",
      tags,
      response: { 200: meSchema.describe("The person.") },
    },
    handler: async ({ caller }) => {
      const person =
        caller.userId === null ? undefined : await readPerson(database, caller.organizationId, caller.userId);
      if (person === undefined) throw new MusterError("unauthenticated", "You are not known any more. Sign in again.");
      return toAnswer(person);
    },
  });
}

function linkRoute(app: App, dependencies: HttpDependencies): void {
  app.route({
    method: "POST",
    url: "/sign-in-links",
    config: { answersSecret: true },
    schema: {
      operationId: "createSignInLink",
      summary: "Make a link that signs somebody in",
      description:
        "A link for one person: it works once, within 15 minutes, and takes the place of an earlier one that was not used. " +
        "Anybody who has the link can sign in as that person: hand it over yourself. Network administrators make links for others only, " +
        "not for network administrators.",
      tags,
      body: newLinkSchema,
      response: { 200: linkSchema.describe("The link."), ...problemResponses("not_found", "conflict") },
    },
    handler: async (request) => {
      const { secret, userId, expiresAt } = await makeLink(dependencies, request.caller, request.body);
      return {
        url: `${ownOrigin(request, dependencies.publicUrl)}/sign-in/${secret}`,
        userId: userId === null ? null : String(userId),
        expiresAt: timeText(expiresAt),
      };
    },
  });
}

async function makeLink(
  dependencies: HttpDependencies,
  { organizationId, actor, userId: makerId }: Caller,
  { firstAdministrator, ...target }: z.infer<typeof newLinkSchema>,
) {
  const { database } = dependencies;
  if (firstAdministrator !== true) {
    const maker = { organizationId, actor, forAdministrators: makerId === null };
    return createSignInLink(database, maker, target, dependencies);
  }
  return { ...(await createFirstAdministratorLink(database, organizationId, actor, dependencies)), userId: null };
}

function sessionRoutes(app: App, { database, clock, publicUrl }: HttpDependencies): void {
  app.route({
    method: "POST",
    url: "/sign-out",
    schema: {
      operationId: "signOut",
      summary: "Sign out",
      description: "Ends the session whose cookie comes along, at once. A token is ended by its provider.",
      tags,
      response: { 204: z.undefined().describe("The session has ended."), ...problemResponses("conflict") },
    },
    handler: async (request, reply) => {
      const { organizationId, userId, sessionId } = request.caller;
      if (userId === null || sessionId === null) {
        throw new MusterError("conflict", "You come with a token, not with a session: sign out where you got it.");
      }
      await endSession(database, { organizationId, sessionId, userId }, clock());
      forgetSession(request, reply, publicUrl);
      return reply.code(204).send();
    },
  });

  app.route({
    method: "DELETE",
    url: "/users/:id/sessions",
    schema: {
      operationId: "endSessions",
      summary: "End all sessions of a user",
      description:
        "Signs a person out everywhere, at once, and takes back a link that was not used. Tokens stay valid.",
      tags,
      params: userParams,
      response: { 204: z.undefined().describe("There is no session any more."), ...problemResponses("not_found") },
    },
    handler: async (request, reply) => {
      await endSessionsOf(database, request.caller.organizationId, readUserId(request.params.id));
      return reply.code(204).send();
    },
  });
}
