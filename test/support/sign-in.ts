import assert from "node:assert/strict";
import type { TestApp } from "./app.ts";

/** Makes a link for somebody, and returns its path. */
export async function linkFor(app: TestApp, userId: string): Promise<string> {
  const { status, json, body } = await app.inject({ method: "POST", url: "/v1/sign-in-links", body: { userId } });
  assert.equal(status, 200, body);
  return new URL(json.url).pathname;
}

/** The headers that a browser sends from the service's own pages. */
export const ownPage = { "sec-fetch-site": "same-origin" } as const;

/** The cookie that an answer sets: `name=value`. */
export const cookieOf = (answer: { readonly headers: object }): string =>
  String(new Map(Object.entries(answer.headers)).get("set-cookie") ?? "").split(";", 1)[0] ?? "";

/** Signs somebody in by a link; returns the headers with which the person's browser sends requests from then on. */
export async function signIn(app: TestApp, userId: string): Promise<Readonly<Record<string, string>>> {
  const url = await linkFor(app, userId);
  const answer = await app.inject({ method: "POST", url, key: null, headers: ownPage });
  assert.equal(answer.status, 303, answer.body);
  return { cookie: cookieOf(answer), ...ownPage };
}
