import type { FastifyReply, FastifyRequest } from "fastify";
import { lookAtLink, signInByLink } from "../../sign-in/links.ts";
import { type PersonDocument, readPerson } from "../../sign-in/person.ts";
import { isSameOrigin } from "../callers/same-origin.ts";
import { keepSession, mayKeepSession } from "../callers/session-cookie.ts";
import type { App } from "../server/app-types.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import { type FormAnswers, firstAdministratorPage, signUp } from "./first-administrator-page.ts";
import { notSafe, type Page, sendPage } from "./page.ts";
import { providerPages } from "./provider-pages.ts";

/** The answers of the longest form, in bytes. */
const largestForm = 4096;

/**
 * The pages of somebody who signs in by a link, without a script. Opening a link does not use it up, for scanners of mail
 * open links, too: the button does.
 */
export function signInPages(app: App, dependencies: HttpDependencies): void {
  void app.register((pages, _options, ready) => {
    pages.addContentTypeParser(
      "application/x-www-form-urlencoded",
      { parseAs: "string", bodyLimit: largestForm },
      (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    );
    linkPages(pages as App, dependencies);
    providerPages(pages as App, dependencies);
    ready();
  });
}

const hidden = { schema: { hide: true } } as const;

const deadLink: Page = {
  title: "This link does not work any more",
  text: [
    "It was used already, a newer one took its place, or it is older than 15 minutes. Ask the person who sent it to you for a new one.",
  ],
};
const foreignPage: Page = {
  title: "That did not come from this page",
  text: ["Open the link again, in this browser, and use the button there."],
};
function linkPages(app: App, dependencies: HttpDependencies): void {
  const { database, clock, publicUrl } = dependencies;
  app.get("/sign-in/:secret", hidden, async (request, reply) => {
    if (!mayKeepSession(request, publicUrl)) return sendPage(reply, 403, notSafe);
    const link = await lookAtLink(database, secretOf(request), clock());
    if (link?.userId === null) return sendPage(reply, 200, firstAdministratorPage());
    const person = link && (await readPerson(database, link.organizationId, link.userId));
    if (person === undefined) return sendPage(reply, 404, deadLink);
    return sendPage(reply, 200, {
      title: `Sign in to ${person.organization.name}`,
      text: [`You will be signed in as ${nameOf(person)}.`],
      button: { label: "Sign in" },
      note: "The link works once. If you did not ask for it, close this page.",
    });
  });

  app.post("/sign-in/:secret", hidden, async (request, reply) => {
    if (!mayKeepSession(request, publicUrl)) return sendPage(reply, 403, notSafe);
    if (!isSameOrigin(request, publicUrl)) return sendPage(reply, 403, foreignPage);
    const link = await lookAtLink(database, secretOf(request), clock());
    if (link?.userId === null) return signUpByForm(dependencies, request, reply);
    const secret = await signInByLink(database, secretOf(request), dependencies);
    if (secret === undefined) return sendPage(reply, 404, deadLink);
    keepSession(request, reply, publicUrl, secret);
    return reply.redirect("/", 303);
  });
}

const secretOf = (request: FastifyRequest) => (request.params as { secret: string }).secret;

async function signUpByForm(dependencies: HttpDependencies, request: FastifyRequest, reply: FastifyReply) {
  const answers = (request.body ?? {}) as FormAnswers;
  const outcome = await signUp(dependencies, secretOf(request), answers);
  if (outcome === undefined) return sendPage(reply, 404, deadLink);
  if ("error" in outcome) return sendPage(reply, 422, firstAdministratorPage(answers, outcome.error));
  keepSession(request, reply, dependencies.publicUrl, outcome.session);
  return reply.redirect("/", 303);
}

const nameOf = ({ firstName, lastName, username, id }: PersonDocument): string =>
  `${firstName} ${lastName}`.trim() || username || `user ${id}`;
