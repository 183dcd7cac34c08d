/** A limiter's verdict on one request. */
export interface RateState {
  readonly isAllowed: boolean;
  /** Requests that may still come right now. */
  readonly remaining: number;
  /** Seconds until all of them may come again. */
  readonly reset: number;
  /** Seconds until the next one may come; 0: it may come now. */
  readonly retryAfter: number;
}

/** Counts requests of many clients. */
export interface RateLimiter {
  /** Counts a request, if it is allowed. */
  take(client: string): RateState;
  /** The verdict of `take`, without counting. */
  look(client: string): RateState;
  /** How many clients are remembered. */
  readonly size: number;
}

const minute = 60_000;

interface Allowance {
  /** Requests that may still come; a fraction of one grows until it is whole. */
  readonly tokens: number;
  readonly at: number;
}

/**
 * A token bucket for each client: so many requests at once, and as many again over the next minute, evenly. Nobody can
 * send twice as many around the end of a window, as with counters that start over.
 *
 * A client that is silent for a minute is forgotten. With more than `mostClients` clients in a minute, the limiter
 * forgets those silent for longest, which start again with a full bucket. This bounds its memory.
 */
export function createRateLimiter(options: {
  readonly perMinute: number;
  readonly mostClients: number;
  readonly clock: () => Date;
}): RateLimiter {
  const { perMinute, mostClients, clock } = options;
  // A map keeps the order of insertion: the first is the one that was silent for longest.
  const allowances = new Map<string, Allowance>();
  const now = (client: string): Allowance => {
    const at = clock().getTime();
    const known = allowances.get(client);
    if (known === undefined) return { tokens: perMinute, at };
    const grown = (Math.max(0, at - known.at) * perMinute) / minute;
    return { tokens: Math.min(perMinute, known.tokens + grown), at };
  };
  const stateOf = (tokens: number, isAllowed: boolean): RateState => ({
    isAllowed,
    remaining: Math.floor(tokens),
    reset: Math.ceil(((perMinute - tokens) / perMinute) * 60),
    retryAfter: tokens >= 1 ? 0 : Math.max(1, Math.ceil(((1 - tokens) / perMinute) * 60)),
  });
  const forgetSilent = (at: number) => {
    for (const [client, allowance] of allowances) {
      if (allowances.size <= mostClients && at - allowance.at < minute) return;
      allowances.delete(client);
    }
  };
  return {
    take: (client) => {
      const { tokens, at } = now(client);
      const isAllowed = tokens >= 1;
      const left = isAllowed ? tokens - 1 : tokens;
      allowances.delete(client);
      allowances.set(client, { tokens: left, at });
      forgetSilent(at);
      return stateOf(left, isAllowed);
    },
    look: (client) => {
      const { tokens } = now(client);
      return stateOf(tokens, tokens >= 1);
    },
    get size() {
      return allowances.size;
    },
  };
}
