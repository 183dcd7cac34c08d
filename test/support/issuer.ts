/** An OpenID provider that says whatever a test wants. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

/** A key with which tokens are signed. */
export interface SigningKey {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** As it is published. */
  readonly jwk: JWK;
}

export async function newKey(alg: string, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A provider; a test may change what it publishes at any time. */
export interface TestIssuer {
  readonly url: string;
  /** The keys that it publishes. */
  keys: JWK[];
  /** Takes the place of its answers, by path. */
  readonly answers: Map<string, Answer>;
  /** The paths that were asked for. */
  readonly asked: string[];
  close(): Promise<void>;
}

export const discoveryPath = "/.well-known/openid-configuration";
export const keysPath = "/keys";

export async function startIssuer(): Promise<TestIssuer> {
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    issuer.asked.push(path);
    const answer = issuer.answers.get(path);
    if (answer) return answer(request, response);
    const document =
      path === discoveryPath ? { issuer: issuer.url, jwks_uri: `${issuer.url}${keysPath}` } : { keys: issuer.keys };
    response.setHeader("content-type", "application/json").end(JSON.stringify(document));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer: TestIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys: [],
    answers: new Map(),
    asked: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return issuer;
}

/** Signs claims; what is undefined is left out. */
export function sign(key: SigningKey, claims: JWTPayload, header: object = {}): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey);
}
