import { createRemoteJWKSet, customFetch, errors, type JWTVerifyGetKey } from "jose";
import { MusterError } from "../errors.ts";
import { isLoopback, isSafeToFetch } from "../organizations/issuer.ts";
import { readLimited } from "./read-limited.ts";

/** Durations, in milliseconds. */
export interface IssuerTiming {
  /** Limit for one whole answer. */
  readonly patience: number;
  /** Pause before an issuer that failed is asked again. */
  readonly rest: number;
  /** Age at which an issuer's document is fetched again. */
  readonly documentAge: number;
  /** Age at which its keys are fetched again: a withdrawn key is refused after that at the latest. */
  readonly keysAge: number;
  /** Pause after a fetch before an unknown key causes another one. */
  readonly keysCooldown: number;
}

export const issuerTiming: IssuerTiming = {
  patience: 5_000,
  rest: 10_000,
  documentAge: 3_600_000,
  keysAge: 600_000,
  keysCooldown: 30_000,
};

/** The most issuers that are cached: there is one for each organization, and some that were replaced. */
const mostIssuers = 1000;

/** The dependencies of fetching keys. */
export interface IssuerKeysOptions {
  readonly fetch: typeof fetch;
  readonly timing: IssuerTiming;
  /** Milliseconds that only increase. */
  readonly now: () => number;
}

/** Finds the key that a token of an issuer is signed with. */
export type KeysOf = (issuer: string) => JWTVerifyGetKey;

interface IssuerState {
  /** Time of its last failure. */
  failedAt: number;
  readAt: number;
  /** The address of its keys, and the way to find one; undefined until its document is read. */
  keys: { readonly url: string; readonly find: JWTVerifyGetKey } | undefined;
  reading: Promise<void> | undefined;
}

/**
 * Makes the function that finds keys, by the issuer's discovery document and key set. Both are cached. An unknown key
 * causes a new fetch of the set, so a new key works at once. An issuer that fails is not asked again for a while; its
 * fresh keys keep working.
 * The function throws jose's errors if no key fits.
 * @throws MusterError issuer_unavailable (of the found function)
 */
export function createIssuerKeys(options: IssuerKeysOptions): KeysOf {
  const { timing, now } = options;
  const states = new Map<string, IssuerState>();

  const stateOf = (issuer: string): IssuerState => {
    const known = states.get(issuer);
    if (known !== undefined) return known;
    const [oldest] = states.keys();
    if (states.size >= mostIssuers && oldest !== undefined) states.delete(oldest);
    const state = { failedAt: -Infinity, readAt: -Infinity, keys: undefined, reading: undefined };
    states.set(issuer, state);
    return state;
  };

  const readKeysAddress = async (issuer: string, state: IssuerState) => {
    try {
      const url = await discover(issuer, (address) => fetchDocument(address, state, options));
      if (url === undefined) throw failed(state, options);
      if (state.keys?.url !== url.href) state.keys = { url: url.href, find: keySetAt(url, state, options) };
      state.readAt = now();
    } catch (error) {
      // The known document stays in use; the keys themselves are fetched again soon.
      if (state.keys === undefined) throw error;
    }
  };

  return (issuer) => async (header, token) => {
    const state = stateOf(issuer);
    if (state.keys === undefined || now() - state.readAt >= timing.documentAge) {
      state.reading ??= readKeysAddress(issuer, state).finally(() => {
        state.reading = undefined;
      });
      await state.reading;
    }
    return state.keys!.find(header, token);
  };
}

/**
 * Finds the address of an issuer's keys (OpenID Connect Discovery, section 4). Undefined if the document belongs to
 * another issuer, or if a remote issuer names an address of this machine: the service must not probe its own network.
 */
async function discover(issuer: string, read: (url: URL) => Promise<unknown>): Promise<URL | undefined> {
  const document = (await read(new URL(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`))) as {
    readonly issuer?: unknown;
    readonly jwks_uri?: unknown;
  } | null;
  const url = typeof document?.jwks_uri === "string" ? URL.parse(document.jwks_uri) : null;
  if (document?.issuer !== issuer || url === null || !isSafeToFetch(url)) return undefined;
  return isLoopback(url.hostname) && !isLoopback(new URL(issuer).hostname) ? undefined : url;
}

function keySetAt(url: URL, state: IssuerState, options: IssuerKeysOptions): JWTVerifyGetKey {
  const { patience, keysAge, keysCooldown } = options.timing;
  const find = createRemoteJWKSet(url, {
    timeoutDuration: patience,
    cacheMaxAge: keysAge,
    cooldownDuration: keysCooldown,
    [customFetch]: async (address, init) => {
      return Response.json(usableKeys(await fetchDocument(new URL(address), state, options, init.signal)));
    },
  });
  return async (header, token) => {
    try {
      return await find(header, token);
    } catch (error) {
      // The document is not a key set.
      throw error instanceof errors.JWKSInvalid ? failed(state, options) : error;
    }
  };
}

/** Drops members that are not keys, as RFC 7517, section 5, demands. One of them would spoil the whole set. */
function usableKeys(document: unknown): unknown {
  const { keys } = (document ?? {}) as { readonly keys?: unknown };
  return Array.isArray(keys) ? { keys: keys.filter((key) => typeof key?.kty === "string") } : document;
}

/** Fetches a JSON document of an issuer, unless the issuer failed a moment ago. */
async function fetchDocument(
  url: URL,
  state: IssuerState,
  { fetch, timing, now }: IssuerKeysOptions,
  signal: AbortSignal = AbortSignal.timeout(timing.patience),
): Promise<unknown> {
  const rest = state.failedAt + timing.rest - now();
  if (rest > 0) throw unavailable(rest);
  try {
    const headers = { accept: "application/json, application/jwk-set+json" };
    const response = await fetch(url, { headers, signal, redirect: "error" });
    if (response.status !== 200) throw new Error("not a document");
    return JSON.parse(await readLimited(response));
  } catch {
    throw failed(state, { timing, now });
  }
}

/** Notes that an issuer failed; returns the problem. */
function failed(state: IssuerState, { timing, now }: Pick<IssuerKeysOptions, "timing" | "now">): MusterError {
  state.failedAt = now();
  return unavailable(timing.rest);
}

const unavailable = (milliseconds: number) =>
  new MusterError(
    "issuer_unavailable",
    "Your token cannot be checked, because the organization's OpenID provider does not answer as it should. Try again in a moment.",
    { retryAfter: Math.max(1, Math.ceil(milliseconds / 1000)) },
  );
