import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import Provider from "oidc-provider";
import { setIssuer } from "../../src/organizations/issuer.ts";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

const resource = "https://muster.example.edu/api";

/** A signing key as a provider holds it. */
async function newJwk(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" };
}

/**
 * A real OpenID provider on a port of its own. Its access tokens are for this service, as JWT (RFC 9068), and name the
 * client as the person. It can restart, with other keys, at the same address.
 */
async function startProvider() {
  let listener: ReturnType<Provider["callback"]> = () => undefined;
  const server = createServer((request, response) => listener(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const run = (keys: readonly JWK[]) => {
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: "jdoe",
          client_secret: "secret-of-a-test",
          grant_types: ["client_credentials"],
          redirect_uris: [],
          response_types: [],
        },
      ],
      jwks: { keys },
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => resource,
          useGrantedResource: () => true,
          getResourceServerInfo: () => ({
            scope: "api",
            audience: resource,
            accessTokenFormat: "jwt",
            accessTokenTTL: 600,
            jwt: { sign: { alg: "RS256" } },
          }),
        },
      },
      extraTokenClaims: (_context: unknown, token: { clientId: string }) => ({ preferred_username: token.clientId }),
    });
    listener = provider.callback();
  };
  const token = async () => {
    const answer = await fetch(`${issuer}/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from("jdoe:secret-of-a-test").toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials", scope: "api" }),
    });
    const { access_token: accessToken, ...rest } = (await answer.json()) as { access_token?: string };
    assert(accessToken, JSON.stringify(rest));
    return accessToken;
  };
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { issuer, run, token, close };
}

test("tokens of a real provider sign people in, also after it has changed its keys", async () => {
  const provider = await startProvider();
  after(provider.close);
  const [first, second] = [await newJwk("first"), await newJwk("second")];
  provider.run([first]);
  const database = await createTestDatabase({ after });
  // Its tokens are of today.
  const app = await startTestApp(database, {}, { now: Date.now(), timing: { keysCooldown: 0, keysAge: 400 } });
  await setIssuer(database.owner, app.organizationId, { issuer: provider.issuer, audience: resource }, new Date());
  await app.inject({
    method: "POST",
    url: "/v1/users",
    body: { firstName: "Jane", username: "JDoe", emails: ["jane@campus.edu"] },
  });
  const me = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const { status, json } = await app.inject({ url: "/v1/me", key: null, headers });
    return status === 200 ? json.firstName : status;
  };
  const old = await provider.token();
  assert.equal(await me(old), "Jane");

  provider.run([second, first]);
  const fresh = await provider.token();
  assert.deepEqual([await me(fresh), await me(old)], ["Jane", "Jane"]);

  provider.run([second]);
  await new Promise((resolve) => setTimeout(resolve, 450));
  assert.deepEqual([await me(fresh), await me(old)], ["Jane", 401]);

  // Ten minutes, half a minute of tolerance, and what this test itself has taken so far.
  app.advanceClock(700_000);
  assert.equal(await me(fresh), 401, "it has expired");
});
