import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyReply } from "fastify";
import type { App } from "../server/app-types.ts";
import { consoleAssets } from "../server/security-headers.ts";
import { type Page, sendPage } from "../sign-in/page.ts";

/** The addresses of the console's pages. The browser chooses the page, so all of them answer with one document. */
const pages = [
  "/",
  ...["imports", "pending", "people", "groups", "my-groups", "locations", "sources", "settings", "audit", "me"].flatMap(
    (name) => [`/${name}`, `/${name}/*`],
  ),
];

/** The build writes it where the nonce of each answer belongs (`src/console/vite.config.ts`). */
const noncePlaceholder = "__NONCE__";

/** Assets have the digest of their content in their names, so browsers may keep them. A year, in milliseconds. */
const assetsAge = 365 * 24 * 60 * 60 * 1000;

const hidden = { schema: { hide: true } } as const;

const notBuilt: Page = {
  title: "The console was not built",
  text: ["The API works. To build the console, run npm run build:console in Muster's folder, and restart Muster."],
};

/** Scripts and styles of the service itself, and requests to its API; nothing from elsewhere. */
function policyWith(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/**
 * Serves the console, or says on its pages that it was not built.
 * @param directory of the built console; undefined: no console
 */
export async function consoleRoutes(app: App, directory: string | undefined): Promise<void> {
  const document = directory === undefined ? undefined : await readDocument(directory);
  for (const url of pages) {
    app.get(url, hidden, async (_request, reply) =>
      document === undefined ? sendPage(reply, 503, notBuilt) : sendDocument(reply, document),
    );
  }
  if (directory === undefined || document === undefined) return;
  await app.register(fastifyStatic, {
    root: join(directory, "assets"),
    prefix: consoleAssets,
    preCompressed: true,
    index: false,
    maxAge: assetsAge,
    immutable: true,
    schemaHide: true,
  });
  const icon = await readFile(join(directory, "icon.svg"));
  app.get("/icon.svg", hidden, async (_request, reply) => reply.header("content-type", "image/svg+xml").send(icon));
}

async function readDocument(directory: string): Promise<string | undefined> {
  try {
    return await readFile(join(directory, "index.html"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function sendDocument(reply: FastifyReply, document: string): FastifyReply {
  const nonce = randomBytes(16).toString("base64");
  return reply
    .header("content-type", "text/html; charset=utf-8")
    .header("content-security-policy", policyWith(nonce))
    .send(document.replaceAll(noncePlaceholder, nonce));
}
