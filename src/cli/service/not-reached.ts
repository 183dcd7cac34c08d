import { fileReason } from "../file-errors.ts";
import { printable } from "../text.ts";

/** There is no whole answer: the network failed, or the connection broke off. */
export class NotReached extends Error {
  /** Advice in sentences; empty when there is nothing to advise. */
  readonly advice: string;
  /** The next attempt would fail alike. */
  readonly isPermanent: boolean;
  /** There was a connection to the service: the request may have arrived. */
  readonly wasConnected: boolean;
  /** @param problem one sentence */
  constructor({ problem, advice = "", isPermanent = false }: Cause, wasConnected: boolean) {
    super(problem);
    this.advice = advice;
    this.isPermanent = isPermanent;
    this.wasConnected = wasConnected;
  }
}

/** Why there is no answer, in sentences. */
export interface Cause {
  readonly problem: string;
  readonly advice?: string;
  readonly isPermanent?: boolean;
}

/** Problem and advice as one text. */
export const explainNotReached = ({ message, advice }: NotReached): string =>
  advice === "" ? message : `${message} ${advice}`;

/** The two ends that a connection can fail at. */
export interface Ends {
  /** The service, e.g. `muster.example.edu:443`. */
  readonly service: string;
  /** The machine that is connected to: the service, or a proxy, e.g. `the proxy 10.0.0.1:3128 (HTTPS_PROXY)`. */
  readonly peer: string;
}

const checkAddress = "Check the address of the service (MUSTER_URL or --url).";

/** The service said nothing for too long. */
export const silence = ({ service }: Ends, milliseconds: number): Cause => ({
  problem: `${service} has been silent for ${Math.round(milliseconds / 1000)} s.`,
});

/**
 * Explains an error of Node.js or undici.
 * @param error has a code of the system, of OpenSSL, of the HTTP parser or of undici
 */
export function causeOf(error: unknown, { service, peer }: Ends): Cause {
  // Every address of the host has failed.
  const inner = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const { code = "", message, hostname = peer } = inner as NodeJS.ErrnoException & { readonly hostname?: string };
  const isDirect = service === peer;
  const found = causes[code];
  if (found !== undefined) return found(service, peer, hostname);
  if (code.startsWith("HPE_")) {
    return { problem: `${peer} does not speak HTTP.`, advice: portAdvice(isDirect), isPermanent: true };
  }
  if (/^(ERR_SSL_|EPROTO)/.test(code)) {
    const problem = /wrong version number|packet length|http request/i.test(message)
      ? `${service} does not speak TLS.`
      : `The TLS handshake with ${service} failed (${tlsReason(message)}).`;
    const advice = "If the service runs without TLS, use http in its address.";
    return { problem, advice, isPermanent: true };
  }
  if (/CERT|SIGNATURE|CRL|HOSTNAME/.test(code)) return certificateCause(code, message, service);
  return { problem: `The connection to ${peer} failed: ${printable(fileReason(inner))}.` };
}

const brokeOff = (service: string): Cause => ({ problem: `The connection to ${service} broke off.` });
const noAnswer = (_service: string, peer: string): Cause => ({
  problem: `${capitalized(peer)} does not answer.`,
  advice: "Ask whether a firewall lets this machine connect to it.",
});
const noRoute = (_service: string, peer: string): Cause => ({
  problem: `There is no route to ${peer}.`,
  advice: "Check the network of this machine.",
});

const causes: Readonly<Record<string, (service: string, peer: string, host: string) => Cause>> = {
  ECONNREFUSED: (service, peer) => ({
    problem: `Nothing listens at ${peer}.`,
    advice:
      service === peer
        ? "Check the address of the service (MUSTER_URL or --url), and that the service is running."
        : "Check the address of the proxy, and that it is running.",
  }),
  ENOTFOUND: (service, peer, host) => ({
    problem: `There is no host named ${host}.`,
    advice: service === peer ? checkAddress : `Check the address of ${peer}.`,
  }),
  EAI_AGAIN: (_service, _peer, host) => ({
    problem: `The name server did not answer when asked for ${host}.`,
    advice: "Check the network of this machine.",
  }),
  ECONNRESET: brokeOff,
  EPIPE: brokeOff,
  UND_ERR_SOCKET: brokeOff,
  ETIMEDOUT: noAnswer,
  UND_ERR_CONNECT_TIMEOUT: noAnswer,
  EHOSTUNREACH: noRoute,
  ENETUNREACH: noRoute,
};

const portAdvice = (isDirect: boolean) =>
  isDirect ? "Check the port in the address of the service (MUSTER_URL or --url)." : "Check the port of the proxy.";

/** `…:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:…` as `wrong version number` */
const tlsReason = (message: string) => printable(/SSL routines:[^:]*:([^:]+)/.exec(message)?.[1] ?? message);

function certificateCause(code: string, message: string, service: string): Cause {
  if (code === "CERT_HAS_EXPIRED") {
    const advice = "Have it renewed by the operator of the service.";
    return { problem: `The certificate of ${service} has expired.`, advice, isPermanent: true };
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const names = /altnames: (.*)$/.exec(message)?.[1];
    const problem = `The certificate of ${service} is for other names${names === undefined ? "" : `: ${printable(names)}`}.`;
    return {
      problem,
      advice: "Use a name of the certificate in the address (MUSTER_URL or --url).",
      isPermanent: true,
    };
  }
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code)) {
    return {
      problem: `This machine does not know the authority that signed the certificate of ${service}.`,
      advice: "Set NODE_EXTRA_CA_CERTS to a PEM file with the authority's certificate.",
      isPermanent: true,
    };
  }
  return { problem: `The certificate of ${service} is not valid (${code}).`, isPermanent: true };
}

const capitalized = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
