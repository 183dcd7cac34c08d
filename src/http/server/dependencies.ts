import type { FastifyRequest } from "fastify";
import type { ChangeSignal } from "../../changes/signal.ts";
import type { MemberAuthority } from "../../directory/member-authority.ts";
import type { Moderation } from "../../moderation/context.ts";
import type { KnownKeys } from "../../organizations/known-keys.ts";
import type { ChangeContext } from "../../organizations/organizations.ts";
import type { Service } from "../../organizations/services.ts";
import type { WaitingImports } from "../../reconcile/run/waiting-imports.ts";
import type { KeysOf } from "../../sign-in/issuer-keys.ts";
import type { ProviderClient } from "../../sign-in/provider-client.ts";
import type { ClockGuard } from "../../store/clock-guard.ts";
import type { Database } from "../../store/database.ts";
import type { ImportQueue } from "../../store/import-queue.ts";
import type { WriterQueue } from "../../store/organization-lock.ts";
import type { Owner } from "../../store/owner.ts";
import type { Readiness } from "../../store/readiness.ts";
import type { HttpLimits } from "../contract/limits.ts";

/** The dependencies of the routes; composed once. */
export interface HttpDependencies {
  readonly database: Database;
  /** Knows if PostgreSQL takes changes. */
  readonly readiness: Readiness;
  /** Knows if the clocks are plausible; undefined: they are. */
  readonly clockGuard: ClockGuard | undefined;
  /** Tells those who wait of changes. */
  readonly changeSignal: ChangeSignal;
  /** The owners of API keys, as far as this process caches them. */
  readonly knownKeys: KnownKeys;
  readonly queue: WriterQueue;
  /** The queue in which imports wait before they take a connection. */
  readonly importQueue: ImportQueue;
  /** Finishes imports whose senders do not wait for them. */
  readonly waitingImports: Pick<WaitingImports, "wake">;
  /** Rows of a part of an import, where it is applied in parts. */
  readonly partRows: number;
  /** The current time. */
  readonly clock: () => Date;
  /** A new UUID, version 7 (RFC 9562). */
  readonly newId: () => string;
  /** As many random bytes as asked for, fit for secrets. */
  readonly randomBytes: (size: number) => Uint8Array;
  /** Folder for uploads in progress. */
  readonly spoolDirectory: string;
  readonly limits: HttpLimits;
  /** Finds the keys of an OpenID provider. */
  readonly keysOf: KeysOf;
  /** Sends people to an OpenID provider, and asks it who they are. */
  readonly providerClient: ProviderClient;
  /** The public address, without a slash at the end; undefined: the address at which it listens. */
  readonly publicUrl: string | undefined;
  /** Addresses and networks of the proxies whose word about a client's address counts. */
  readonly trustedProxies: readonly string[];
  /** undefined: there is no operator's key, and the addresses of the operator are not there. */
  readonly operator: Operator | undefined;
}

/** The holder of the operator's key, who may create and delete organizations. */
export interface Operator {
  /** SHA-256 of the operator's key. */
  readonly keyHash: Uint8Array;
  readonly owner: Owner;
}

/** With what a caller changes something. */
export function changeContext({ database, queue, clock }: HttpDependencies, caller: Caller): ChangeContext {
  return { database, queue, clock, organizationId: caller.organizationId, actor: caller.actor };
}

/** The same for what waits for decisions. */
export function moderationOf(
  { database, queue, clock, newId }: HttpDependencies,
  { organizationId, actor, userId, services }: Caller,
): Moderation {
  return { database, queue, clock, newId, actor: { organizationId, actor, userId, services } };
}

/** Finds the authority with which a caller changes members. */
export const memberAuthority = ({ userId, isNetworkAdministrator, services }: Caller): MemberAuthority => {
  if (userId === null) return services.includes("admin") ? "organization" : "groups";
  return isNetworkAdministrator ? "organization" : "group";
};

/** The sender of a request. */
export interface Caller {
  readonly organizationId: number;
  /** Id of the API key; of a person, a UUID made of theirs. Requests with an Idempotency-Key are kept apart by it. */
  readonly callerId: string;
  /** For the change log and the imports: `api-key:<name>`, `user:<id>` of a person who signed in. */
  readonly actor: string;
  /** Id of the person who signed in; null: an API key is used. */
  readonly userId: number | null;
  /** True if that person is a network administrator; false for keys. */
  readonly isNetworkAdministrator: boolean;
  /** The session that the person signed in by; null: a token, or an API key. */
  readonly sessionId: string | null;
  /** Of a key; people have none. */
  readonly services: readonly Service[];
  /** Number of the source that the key is bound to. */
  readonly source: number | null;
}

/**
 * A way to tell the caller from a request.
 * @returns undefined when the request does not use this way
 * @throws MusterError unauthenticated when it does, and what it sends is not valid
 */
export type Authentication = (request: FastifyRequest) => Promise<Caller | undefined>;
