import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import type { OutgoingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeService, type Service as MusterService, type ServiceOptions } from "../../src/compose-service.ts";
import { type HttpLimits, httpLimits } from "../../src/http/contract/limits.ts";
import type { App } from "../../src/http/server/app-types.ts";
import type { HttpDependencies } from "../../src/http/server/dependencies.ts";
import { createApiKey, hashKey, type NewApiKey } from "../../src/organizations/api-keys.ts";
import { ensureFirstOrganization } from "../../src/organizations/first-start.ts";
import type { Service } from "../../src/organizations/services.ts";
import type { IssuerTiming } from "../../src/sign-in/issuer-keys.ts";
import { openOwner } from "../../src/store/owner.ts";
import { type TimeLimits, timeLimits } from "../../src/store/time-limits.ts";
import { collectLog } from "./collected-logs.ts";
import type { TestDatabase } from "./database.ts";

/** A request, as tests write it. */
export interface TestRequest {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
  readonly url: string;
  /** An object is sent as JSON, a string as it is. */
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the admin key; null: none. */
  readonly key?: string | null;
}

/** An answer. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
  /** The body, parsed; undefined when it is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any;
}

/** The service of a test: organization 1, with the settings of a first start, but for `requireGroup`. */
export interface TestApp {
  /** Its address: `http://127.0.0.1:port`. */
  readonly url: string;
  /** An admin key of the organization. */
  readonly key: string;
  readonly organizationId: number;
  /** The key that creates and deletes organizations. */
  readonly operatorKey: string;
  readonly app: App;
  readonly dependencies: HttpDependencies;
  /** Starts its SFTP server, which ends with it. */
  readonly startSftp: MusterService["startSftp"];
  /** The service's clock changes only through this. */
  advanceClock(milliseconds: number): void;
  /** The logged lines, a JSON object each. */
  // biome-ignore lint/suspicious/noExplicitAny: log lines have many shapes
  readonly log: any[];
  inject(request: TestRequest): Promise<TestAnswer>;
  /** Makes a further key. */
  keyWith(services: readonly Service[], options?: Partial<NewApiKey>): Promise<string>;
  close(): Promise<void>;
}

/** How a test's service differs from others. */
export interface TestAppOptions {
  readonly publicUrl?: string;
  /** The fixed time of its clock, in milliseconds. */
  readonly now?: number;
  /** The proxies whose X-Forwarded-For counts. */
  readonly trustedProxies?: readonly string[];
  /** How it deals with OpenID providers. */
  readonly timing?: Partial<IssuerTiming>;
  /** The organization's setting; false unless a test is about it, so that other tests need no groups. */
  readonly requireGroup?: boolean;
  /** The way of the service to the database, such as a proxy; undefined: the database itself. */
  readonly connection?: TestDatabase["connection"];
  /** A pooler that serves requests. */
  readonly pooler?: TestDatabase["connection"];
  readonly timeLimits?: Partial<TimeLimits>;
  /** The folder of the built console; undefined: no console. */
  readonly consoleDirectory?: string;
}

/**
 * Starts the service on a test's database; it is closed before the database is dropped.
 * @param limits other limits than the service's own
 */
export async function startTestApp(
  database: TestDatabase,
  limits: Partial<HttpLimits> = {},
  options: TestAppOptions = {},
): Promise<TestApp> {
  let now = options.now ?? Date.parse("2026-11-22T02:00:00Z");
  const clock = () => new Date(now);
  const spoolDirectory = await mkdtemp(join(tmpdir(), "muster-test-spool-"));
  const operatorKey = `operator_test_${randomBytes(16).toString("hex")}`;
  const owners = openOwner(database.connection);
  // biome-ignore lint/suspicious/noExplicitAny: log lines have many shapes
  const log: any[] = [];
  const write = (line: string) => {
    log.push(JSON.parse(line));
    collectLog(line);
  };
  const service = await composeTestService(options.connection ?? database.connection, limits, options, {
    clock,
    spoolDirectory,
    operator: { keyHash: hashKey(operatorKey), owner: owners },
    log: { level: "info", stream: { write } },
  });
  const { app, dependencies } = service;
  const key = `muster_test_${randomBytes(16).toString("hex")}`;
  const owner = await database.owner.connect();
  const { organizationId = 0 } = await ensureFirstOrganization(owner, {
    ...dependencies,
    organizationName: "Test University",
    adminKey: key,
  }).finally(() => owner.release());
  if (options.requireGroup !== true) {
    const setting = "update organizations set settings = settings || '{\"requireGroup\": false}' where id = $1";
    await database.owner.query(setting, [organizationId]);
  }
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= (async () => {
      await service.close();
      await owners.close();
      await rm(spoolDirectory, { recursive: true, force: true });
    })();
    return closed;
  };
  database.beforeDrop(close);
  return {
    url,
    key,
    organizationId,
    operatorKey,
    app,
    dependencies,
    startSftp: service.startSftp,
    log,
    close,
    advanceClock: (milliseconds) => {
      now += milliseconds;
    },
    inject: (request) => inject(app, key, request),
    keyWith: async (services, options = {}) => {
      const wanted = { name: services.join("-"), services, source: null, expiresAt: null, ...options };
      return (await createApiKey(dependencies.database, organizationId, wanted, { ...dependencies, actor: "test" }))
        .key;
    },
  };
}

/** Composes the service of a test: its clock is fixed, and no request limit disturbs quick tests. */
function composeTestService(
  connection: TestDatabase["connection"],
  limits: Partial<HttpLimits>,
  options: TestAppOptions,
  rest: Pick<ServiceOptions, "clock" | "spoolDirectory" | "operator" | "log">,
): Promise<MusterService> {
  return composeService({
    connection,
    pooler: options.pooler,
    timeLimits: { ...timeLimits, ...options.timeLimits },
    maxConnections: 6,
    now: () => performance.now(),
    randomBytes,
    publicUrl: options.publicUrl,
    consoleDirectory: options.consoleDirectory,
    trustedProxies: options.trustedProxies ?? [],
    timing: options.timing ?? {},
    limits: {
      ...httpLimits,
      importBytes: 64 * 1024 * 1024,
      importRows: 1_000_000,
      bodyPause: 10_000,
      bodyWhole: 10_000,
      requestsPerMinute: 0,
      failuresPerMinute: 0,
      requestsAtOnce: 10_000,
      uploadsAtOnce: 10_000,
      ...limits,
    },
    ...rest,
  });
}

async function inject(app: App, adminKey: string, request: TestRequest): Promise<TestAnswer> {
  const { method = "GET", url, body, headers = {}, key = adminKey } = request;
  const answer = await app.inject({
    method,
    url,
    headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
    ...(body === undefined ? {} : { payload: body }),
  });
  return { status: answer.statusCode, headers: answer.headers, body: answer.body, json: parse(answer.body) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
