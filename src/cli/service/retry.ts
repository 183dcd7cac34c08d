import { setTimeout as pause } from "node:timers/promises";

/** First wait of the back-off, and the longest, in milliseconds. */
const firstWait = 1000;
const longestWait = 60_000;
/** A longer wait that the service asks for is cut to this, in milliseconds. */
const longestAsked = 15 * 60_000;

/**
 * How long to wait before the next attempt.
 * @param failed number of attempts that have failed, from 1
 * @param retryAfter the header, if there was one: seconds, or a date
 * @param random from 0 to 1; spreads clients that failed at the same moment
 * @param today milliseconds since 1970, for dates
 * @returns milliseconds
 */
export function waitBefore(failed: number, retryAfter: string | undefined, random: number, today: number): number {
  const backOff = Math.min(longestWait, firstWait * 2 ** (failed - 1)) * (0.75 + random / 2);
  const asked = parseRetryAfter(retryAfter, today);
  return Math.round(asked === undefined ? backOff : Math.max(asked, Math.min(backOff, asked * 1.25)));
}

function parseRetryAfter(text: string | undefined, today: number): number | undefined {
  if (text === undefined) return undefined;
  const milliseconds = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - today;
  return Number.isNaN(milliseconds) ? undefined : Math.min(Math.max(milliseconds, 0), longestAsked);
}

/** Waits; rejects when the signal is aborted. */
export const sleep = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  pause(milliseconds, undefined, { signal });
