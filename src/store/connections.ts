import type { ClientBase, ClientConfig } from "pg";
import type { TimeLimits } from "./time-limits.ts";

/** Pause before the first TCP keepalive of an idle connection, in milliseconds. The system sends the next ones. */
const keepAliveDelay = 10_000;

/** TCP settings of PostgreSQL's side: it notices within half a minute that a client's machine is gone. */
const serverSettings = {
  tcp_keepalives_idle: "10",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "3",
  tcp_user_timeout: "25s",
};

/** One kind of the service's connections. */
export interface ConnectionKind {
  /** Name by which PostgreSQL lists the connections. */
  readonly name: string;
  readonly limits: TimeLimits;
  /** Settings of the session. */
  readonly settings: Readonly<Record<string, string>>;
  /** True if a pooler is between the service and PostgreSQL: it takes no settings. */
  readonly isPooled?: boolean;
}

/**
 * Makes the configuration of a connection that notices a silent peer, on both sides.
 * @param place where PostgreSQL listens, and as which user
 */
export function connectionConfig(
  place: ClientConfig,
  { name, limits, settings, isPooled = false }: ConnectionKind,
): ClientConfig {
  const options = Object.entries({ ...serverSettings, ...settings }).map(([key, value]) => `-c ${key}=${value}`);
  return {
    ...place,
    application_name: name,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelay,
    connectionTimeoutMillis: limits.connect,
    query_timeout: limits.statement + limits.grace,
    ...(isPooled ? {} : { options: options.join(" ") }),
  };
}

/** Cuts a connection at once. Whatever runs on it fails, and nothing waits for the other side. */
export function cutConnection(client: ClientBase): void {
  const { connection } = client as ClientBase & { connection?: { stream?: { destroy?(): void } } };
  connection?.stream?.destroy?.();
}
