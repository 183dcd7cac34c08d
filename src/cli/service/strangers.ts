import { quoted } from "../text.ts";
import type { Answer } from "./api.ts";
import { addressOf } from "./connection.ts";

/**
 * Explains an answer that is not Muster's: of a proxy, of a sign-in page, of another program.
 * @returns what is wrong, then what to do
 */
export function explainStranger(answer: Answer): string {
  const { status, headers, text, service } = answer;
  const address = addressOf(service);
  if (status >= 300 && status < 400 && headers.location !== undefined) return explainRedirect(answer, headers.location);
  if (status === 400 && /\bHTTPS (port|server)\b/i.test(text)) {
    return `${address} speaks TLS. Use ${address.replace(/^http:/, "https:")} as the address (MUSTER_URL or --url).`;
  }
  const page = pageTitle(text);
  const details = page === undefined ? `status ${status}` : `status ${status}, a page ${page}`;
  const known = explanations[status];
  if (known !== undefined) return `${known.problem(address)} (${details}). ${known.advice}`;
  if (status >= 500) return `A server in front of Muster failed (${details}). Look into its log.`;
  const what = page === undefined ? "another program than Muster answers" : "a web page answers, not Muster";
  return `At ${address} ${what} (${details}). ${checkAddress}`;
}

const checkAddress = "Check the address of the service (MUSTER_URL or --url).";

interface Explanation {
  /** Without a full stop. */
  readonly problem: (address: string) => string;
  readonly advice: string;
}

const inFront = (what: string) => () => `A server in front of Muster ${what}`;

const explanations: Readonly<Record<number, Explanation>> = {
  401: {
    problem: inFront("asks for a sign-in of its own"),
    advice: "Ask its administrator to let requests with an API key through.",
  },
  403: {
    problem: inFront("refused the request"),
    advice: "Ask its administrator to let this machine through.",
  },
  404: { problem: (address) => `There is no Muster at ${address}`, advice: checkAddress },
  407: {
    problem: inFront("asks for a user name and password"),
    advice: "If it is a proxy, put them into HTTPS_PROXY or HTTP_PROXY: http://USER:PASSWORD@HOST:PORT",
  },
  413: {
    problem: inFront("refused the file as too large"),
    advice: "Raise its limit; of nginx that is client_max_body_size.",
  },
  429: { problem: inFront("counted too many requests"), advice: "Try again later." },
  502: { problem: inFront("cannot reach it"), advice: "Check that Muster is running." },
  503: { problem: inFront("is not ready"), advice: "Check that Muster is running." },
  504: {
    problem: inFront("stopped waiting for it"),
    advice: "Raise its timeout; of nginx that is proxy_read_timeout.",
  },
};

/** `titled "Sign in"`, of HTML; undefined for anything else. */
function pageTitle(text: string): string | undefined {
  if (!/^\s*(<!doctype html|<html|<head)/i.test(text)) return undefined;
  const title = /<title[^>]*>([^<]*)</i.exec(text)?.[1]?.replace(/\s+/g, " ").trim() ?? "";
  return title === "" ? "without a title" : `titled ${quoted(title)}`;
}

/** A redirect is explained, not followed: the key would go to another host. */
function explainRedirect({ service, path }: Answer, location: string): string {
  const address = addressOf(service);
  const from = new URL(`${address}${path}`);
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to === undefined || !/^https?:$/.test(to.protocol)) {
    return `${address} redirects to ${quoted(location)}, which is not a web address. Check the server in front of Muster.`;
  }
  to.username = "";
  to.password = "";
  const base = to.href.endsWith(path) ? to.href.slice(0, -path.length) : undefined;
  if (base !== undefined && base !== address) {
    return `${address} redirects to ${base}. Set MUSTER_URL (or --url) to ${base}`;
  }
  // The query may hold a token of a sign-in.
  const page = `${to.origin}${to.pathname}`;
  const what = to.origin === service.origin ? "another page" : "another host";
  return `${address} redirects to ${what}, ${page}, which looks like a sign-in. API requests have to reach Muster without it: have them let through, or use another address.`;
}
