/** How long the service waits for PostgreSQL, in milliseconds. docs/operating.md lists the values. */
export interface TimeLimits {
  /** A new connection, or a free one of the pool. */
  readonly connect: number;
  /** The beginning of a transaction, or one look-up outside of it: more time means that the connection is silent. */
  readonly probe: number;
  /** One statement of a request; PostgreSQL ends it. */
  readonly statement: number;
  /** One statement of an import; PostgreSQL ends it. */
  readonly importStatement: number;
  /** A transaction that has the organization's lock and sends nothing; PostgreSQL ends its connection. */
  readonly idleWriter: number;
  /** A transaction of an import that reads its file and has no lock; PostgreSQL ends its connection. */
  readonly idleImport: number;
  /** The driver gives up a statement this much later than PostgreSQL should have ended it. */
  readonly grace: number;
  /** Pause between two signs of life that the listener and the owner's connection ask for. */
  readonly heartbeat: number;
  /** A sign of life that takes longer means that the connection is silent. */
  readonly heartbeatAnswer: number;
  /** The orderly end of all connections, before they are cut. */
  readonly close: number;
}

export const timeLimits: TimeLimits = {
  connect: 10_000,
  probe: 5_000,
  statement: 30_000,
  importStatement: 900_000,
  idleWriter: 45_000,
  idleImport: 900_000,
  grace: 5_000,
  heartbeat: 2_000,
  heartbeatAnswer: 2_500,
  close: 5_000,
};
