/** Limits of requests. Times are in milliseconds. */
export interface HttpLimits {
  /** Largest body of an import, in bytes. */
  readonly importBytes: number;
  /** Most rows of a file of users. */
  readonly importRows: number;
  /** Requests of an API key, or of an address that sends none, in a minute; 0: any number. */
  readonly requestsPerMinute: number;
  /** Requests of an address that are refused with 401, in a minute; 0: any number. */
  readonly failuresPerMinute: number;
  /** Requests of a key that are under way at a time; those that wait for changes do not count. */
  readonly requestsAtOnce: number;
  /** Uploads of a key that arrive or are worked on at a time. */
  readonly uploadsAtOnce: number;
  /** Connections at a time; further ones are closed. */
  readonly connections: number;
  /** Time for the headers of a request, from its first byte or the beginning of the connection. */
  readonly headersWhole: number;
  /** Time that a connection may be without a request after an answer. */
  readonly connectionIdle: number;
  /** Longest pause within a streamed body. */
  readonly bodyPause: number;
  /** Least bytes a second of a streamed body, on average, once it has taken as long as a pause may. */
  readonly bodyRate: number;
  /** Time for the whole of a JSON body. */
  readonly bodyWhole: number;
  /** Time for what may still come of a body after its answer was given. */
  readonly bodyRest: number;
  /** Longest time in which a client takes nothing of an answer that waits for it. */
  readonly answerPause: number;
  /** Time for the whole of an answer, from its first byte. */
  readonly answerWhole: number;
}

/** The limits of the service that the environment does not set. */
export const httpLimits = {
  requestsAtOnce: 100,
  uploadsAtOnce: 10,
  connections: 4096,
  headersWhole: 20_000,
  connectionIdle: 72_000,
  bodyPause: 60_000,
  bodyRate: 1024,
  bodyWhole: 30_000,
  bodyRest: 30_000,
  answerPause: 60_000,
  answerWhole: 2 * 60 * 60_000,
} as const satisfies Partial<HttpLimits>;
