import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, test } from "node:test";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";
import { setIssuer } from "../../src/organizations/issuer.ts";
import { startDirectoryTest } from "../directory/setup.ts";
import { skipWithoutBrowser, useBrowser, withConsole } from "./browser.ts";

/** A real OpenID provider, whose people sign in with any password. Their ID tokens name them by their login. */
async function startProvider(service: string): Promise<string> {
  let listener: ReturnType<Provider["callback"]> = () => undefined;
  const server = createServer((request, response) => listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => server.close().closeAllConnections());
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "muster",
        token_endpoint_auth_method: "none",
        redirect_uris: [`${service}/sign-in/callback`],
        post_logout_redirect_uris: [`${service}/`],
        grant_types: ["authorization_code"],
        response_types: ["code"],
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: "one", alg: "RS256", use: "sig" }] },
    claims: { profile: ["preferred_username"], email: ["email"] },
    conformIdTokenClaims: false,
    findAccount: async (_context: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({ sub: id, preferred_username: id }),
    }),
  });
  listener = provider.callback();
  return issuer;
}

describe("signing in at an OpenID provider", { skip: skipWithoutBrowser }, async () => {
  if (skipWithoutBrowser) return;
  // The tokens of the provider are of today.
  const { app, owner, addUser } = await startDirectoryTest({ ...withConsole, now: Date.now() });
  const browser = useBrowser();
  const issuer = await startProvider(app.url);
  await setIssuer(owner, app.organizationId, { issuer, audience: "muster" }, new Date());
  await addUser({ firstName: "Jane", lastName: "Doe", username: "jdoe" });

  /** Opens the console, and signs in at the provider. */
  const signInAs = async (login: string) => {
    const page = await browser.open();
    await page.goto(app.url);
    await page.getByRole("link", { name: "Sign in with your university account" }).click();
    await page.locator("input[name=login]").fill(login);
    await page.locator("input[name=password]").fill("any");
    await page.getByRole("button", { name: "Sign-in" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
    return page;
  };

  test("opens the console as the person of the token, and signing out ends both sessions", async () => {
    const page = await signInAs("jdoe");
    await page.getByRole("heading", { name: "My page" }).waitFor();
    await page.getByRole("button", { name: "Menu of Jane Doe" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.waitForURL(`${issuer}/**`);
    await page.getByRole("button", { name: "Yes, sign me out" }).click();
    await page.getByRole("link", { name: "Sign in with your university account" }).waitFor();
    assert.equal((await page.request.get(`${app.url}/v1/me`)).status(), 401);
  });

  test("tells a person whom the organization does not know", async () => {
    const page = await signInAs("stranger");
    await page.getByRole("heading", { name: "You are not signed in" }).waitFor();
    await page.getByText(/means nobody in this organization/).waitFor();
    assert.equal((await page.request.get(`${app.url}/v1/me`)).status(), 401);
  });

  test("refuses an answer that another browser began, and one without a code", async () => {
    const foreign = await app.inject({ url: "/sign-in/callback?code=stolen&state=guess", key: null });
    assert.equal(foreign.status, 401);
    const begun = await app.inject({ url: "/sign-in", key: null, headers: { host: new URL(app.url).host } });
    assert.equal(begun.status, 303);
    assert.match(String(begun.headers.location), /code_challenge_method=S256/);
    const cookie = String(begun.headers["set-cookie"]).split(";", 1)[0]!;
    const wrong = await app.inject({
      url: "/sign-in/callback?code=stolen&state=guess",
      key: null,
      headers: { cookie },
    });
    assert.match(wrong.body, /not begun here/);
    assert.equal(
      wrong.headers["set-cookie"] !== undefined && /muster_session/.test(String(wrong.headers["set-cookie"])),
      false,
    );
  });
});
