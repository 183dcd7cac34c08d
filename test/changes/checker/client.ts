import { setTimeout as sleep } from "node:timers/promises";
import type { Fleet } from "./fleet.ts";
import type { History } from "./history.ts";

/** A request to one process of the fleet. */
export interface FleetRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  /** An object is sent as JSON. */
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly key: string;
}

/** An answer that arrived whole. */
export interface FleetAnswer {
  readonly status: number;
  readonly body: string;
  /** The body, parsed; undefined when it is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  readonly json: any;
  /** Milliseconds of one clock: before the request was sent, and after the answer was read. */
  readonly began: number;
  readonly ended: number;
  readonly process: number;
}

/** How a request is sent. */
interface SendOptions {
  /** The address to send it to instead of the process itself. */
  readonly through?: string;
  /** Gives up when it is aborted. */
  readonly unless?: AbortSignal;
}

/** Milliseconds after which a request counts as lost. */
const patience = 60_000;

/**
 * Sends a request to a process, as soon as it runs.
 * @returns undefined when no whole answer came: whatever was asked for was done or not
 */
export async function send(
  fleet: Fleet,
  process: number,
  { method = "GET", path, body, headers = {}, key }: FleetRequest,
  { through, unless }: SendOptions = {},
): Promise<FleetAnswer | undefined> {
  const url = `${through ?? (await fleet.url(process))}${path}`;
  const isJson = typeof body === "object";
  const began = performance.now();
  try {
    const answer = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(isJson ? { "content-type": "application/json" } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : body }),
      signal: AbortSignal.any([AbortSignal.timeout(patience), ...(unless === undefined ? [] : [unless])]),
    });
    const text = await answer.text();
    return { status: answer.status, body: text, json: parse(text), began, ended: performance.now(), process };
  } catch {
    return undefined;
  }
}

/** An answer, and whether an earlier attempt may have been done already. */
export interface KnownAnswer extends FleetAnswer {
  readonly isRepeat: boolean;
  /** True if every attempt had an Idempotency-Key. */
  readonly isKeyed: boolean;
}

/** How long to wait before a request is repeated, in milliseconds. */
const pause = 50;

/** Attempts to get the answer that is kept for an Idempotency-Key, before the request is sent without it. */
const mostConflicts = 10;

/**
 * Sends a request until an answer says what became of it. An Idempotency-Key whose first request a killed process left
 * under way is given up after a while: it is free again after 15 seconds, longer than a session would wait. So is one whose
 * answer was lost.
 */
export async function sendUntilKnown(
  fleet: Fleet,
  chooseProcess: () => number,
  history: History,
  request: FleetRequest,
): Promise<KnownAnswer> {
  let isRepeat = false;
  let conflicts = 0;
  let { headers = {} } = request;
  for (;;) {
    const answer = await send(fleet, chooseProcess(), { ...request, headers });
    if (answer === undefined) {
      isRepeat = true;
      await sleep(pause);
    } else if (answer.status === 503) {
      // A connection to the database that broke may have broken after the commit.
      isRepeat ||= answer.json?.code !== "organization_busy";
      await sleep(pause);
    } else if (answer.status === 409 && answer.json?.field === "Idempotency-Key") {
      const isLost = answer.json.code === "answer_lost";
      isRepeat ||= isLost;
      conflicts += 1;
      if (isLost || conflicts > mostConflicts) {
        const { "idempotency-key": _, ...others } = headers as Record<string, string>;
        headers = others;
      }
      await sleep(pause * 4);
    } else {
      if (answer.status >= 500) {
        history.violations.push({
          kind: "answer",
          where: `${request.method ?? "GET"} ${request.path}`,
          message: `was answered with ${answer.status}: ${answer.body.slice(0, 300)}`,
          around: [],
        });
      }
      return { ...answer, isRepeat, isKeyed: "idempotency-key" in headers };
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
