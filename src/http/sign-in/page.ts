import { createHash } from "node:crypto";
import type { FastifyReply } from "fastify";

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText; }
main { box-sizing: border-box; width: min(28rem, 100%); padding: 2rem 1.5rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; overflow-wrap: anywhere; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
.note { opacity: 0.75; font-size: 0.9rem; }
label { display: block; margin: 0 0 1rem; font-weight: 600; }
input { font: inherit; box-sizing: border-box; width: 100%; padding: 0.6rem 0.75rem; margin-top: 0.25rem;
  border: 1px solid GrayText; border-radius: 0.5rem; background: Field; color: FieldText; }
.error { font-weight: 600; border-inline-start: 4px solid #c92a2a; padding-inline-start: 0.75rem; }
button { font: inherit; font-weight: 600; width: 100%; padding: 0.75rem 1rem; border: 0; border-radius: 0.5rem;
  background: #14532d; color: #fff; cursor: pointer; }
button:hover { background: #166534; }
button:focus-visible { outline: 3px solid #4ade80; outline-offset: 2px; }
.note { margin: 1rem 0 0; }
`;
const styleHash = createHash("sha256").update(style).digest("base64");

/** Its own style and its own forms, and nothing else: no script, no image, no frame, nothing from elsewhere. */
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** A field of a page's form. */
export interface PageField {
  readonly name: string;
  readonly label: string;
  readonly type: "text" | "email";
  /** The kind of value that browsers fill in (HTML, autofill). */
  readonly autocomplete: string;
  readonly isRequired: boolean;
  readonly value: string;
}

/** The content of a page. */
export interface Page {
  readonly title: string;
  /** Paragraphs of plain text. */
  readonly text: readonly string[];
  /** The one button: it sends a POST. */
  readonly button?: {
    readonly label: string;
    /** Absent: to the page's own address. */
    readonly action?: string;
  };
  /** Fields of the form, in their order. */
  readonly fields?: readonly PageField[];
  /** A sentence about answers that were refused. */
  readonly error?: string;
  /** A link below the text. */
  readonly link?: { readonly label: string; readonly address: string };
  /** The address of the service to which the browser goes on by itself. */
  readonly refreshTo?: string;
  /** Small print. */
  readonly note?: string;
}

/** The page of a sign-in over plain HTTP from another machine. */
export const notSafe: Page = {
  title: "Signing in takes HTTPS",
  text: [
    "Others could read along over plain HTTP, so nobody is signed in here. The operator of this service has to set PUBLIC_URL to its https address, and send links to that address.",
  ],
};

/** Answers with a page for people. */
export function sendPage(reply: FastifyReply, status: number, page: Page): FastifyReply {
  return reply
    .code(status)
    .header("content-type", "text/html; charset=utf-8")
    .header("content-security-policy", policy)
    .send(toHtml(page));
}

function toHtml({ title, text, button, fields = [], error, link, refreshTo, note }: Page): string {
  const parts = [
    ...text.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`),
    ...(error === undefined ? [] : [`<p class="error" role="alert">${escapeHtml(error)}</p>`]),
    ...(link === undefined ? [] : [`<p><a href="${escapeHtml(link.address)}">${escapeHtml(link.label)}</a></p>`]),
    ...(button === undefined
      ? []
      : [
          `<form method="post"${actionOf(button)}>${fields.map(fieldHtml).join("")}<button>${escapeHtml(button.label)}</button></form>`,
        ]),
    ...(note === undefined ? [] : [`<p class="note">${escapeHtml(note)}</p>`]),
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">${refreshTo === undefined ? "" : `\n<meta http-equiv="refresh" content="0; url=${escapeHtml(refreshTo)}">`}
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${parts.join("\n")}
</main>
</body>
</html>
`;
}

function fieldHtml({ name, label, type, autocomplete, isRequired, value }: PageField): string {
  const attributes = [
    `name="${escapeHtml(name)}"`,
    `type="${type}"`,
    `autocomplete="${escapeHtml(autocomplete)}"`,
    `value="${escapeHtml(value)}"`,
    ...(isRequired ? ["required"] : []),
  ];
  return `<label>${escapeHtml(label)}<input ${attributes.join(" ")}></label>`;
}

const actionOf = ({ action }: NonNullable<Page["button"]>) =>
  action === undefined ? "" : ` action="${escapeHtml(action)}"`;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!);
