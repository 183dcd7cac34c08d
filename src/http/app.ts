import cookie from "@fastify/cookie";
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import { type FastifyHttpOptions, fastify, LogController, type RawServerDefault } from "fastify";
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { DatabaseError } from "pg";
import { MusterError } from "../errors.ts";
import { apiKeyEditRoutes, apiKeyRoutes } from "./api-keys/routes.ts";
import { groupV2Routes } from "./api-v2/group-routes.ts";
import { importV2Routes } from "./api-v2/import-routes.ts";
import { locationV2Routes } from "./api-v2/location-routes.ts";
import { pendingV2Routes } from "./api-v2/pending-routes.ts";
import { permissionV2Routes } from "./api-v2/permission-routes.ts";
import { refuseUnsupported } from "./api-v2/unsupported-parameters.ts";
import { usersV2Route } from "./api-v2/users.ts";
import { auditRoutes } from "./audit/routes.ts";
import { type Admission, registerAdmission } from "./callers/admission.ts";
import { registerAuthentication } from "./callers/authentication.ts";
import { registerIdempotency } from "./callers/idempotency.ts";
import { changeRoutes } from "./changes/routes.ts";
import { consoleRoutes } from "./console-pages/routes.ts";
import { explain, notFound } from "./contract/errors.ts";
import { openApiOptions } from "./contract/openapi.ts";
import { sendProblem } from "./contract/replies.ts";
import { groupEditRoutes } from "./groups/edit-routes.ts";
import { memberRoutes } from "./groups/member-routes.ts";
import { groupRoutes } from "./groups/routes.ts";
import { importRoutes } from "./imports/routes.ts";
import { streamBodies } from "./imports/run.ts";
import { locationEditRoutes } from "./locations/edit-routes.ts";
import { locationRoutes } from "./locations/routes.ts";
import { membershipRequestRoutes } from "./membership-requests/routes.ts";
import { registerOperatorAuthentication } from "./operator/authentication.ts";
import { operatorRoutes } from "./operator/routes.ts";
import { optOutRoutes } from "./opt-outs/routes.ts";
import { organizationRoutes } from "./organization/routes.ts";
import { pendingRoutes } from "./pending/routes.ts";
import { permissionRoutes } from "./permissions/routes.ts";
import { reachRoutes } from "./reach/routes.ts";
import { watchReader } from "./server/answers.ts";
import type { AnyReply, AnyRequest, App } from "./server/app-types.ts";
import { discardRest, withDeadline } from "./server/bodies.ts";
import { type Answering, refuseBrokenRequest, refuseTwoHosts, watchAnswers } from "./server/broken-requests.ts";
import { registerConditions } from "./server/conditions.ts";
import type { HttpDependencies } from "./server/dependencies.ts";
import { announcesBody, registerJson } from "./server/json.ts";
import { type LogStream, loggerOptions, logRequest, outcomeOf, routePattern } from "./server/logging.ts";
import type { Metrics } from "./server/metrics.ts";
import { operationRoutes } from "./server/operations.ts";
import { rewriteUrl } from "./server/rewritten-addresses.ts";
import { completeSchemas } from "./server/route-schemas.ts";
import { setSecurityHeaders } from "./server/security-headers.ts";
import type { TlsOptions } from "./server/tls.ts";
import { type AnswerUnknown, watchRoutes } from "./server/unknown-addresses.ts";
import { sftpAccountRoutes } from "./sftp-accounts/routes.ts";
import { signInPages } from "./sign-in/pages.ts";
import { signInRoutes } from "./sign-in/routes.ts";
import { renumberRoute } from "./sources/renumber-route.ts";
import { announcementRoutes, previewRoute, sourceRoutes } from "./sources/routes.ts";
import { topicRoutes } from "./topics/routes.ts";
import { exportRoute } from "./users/export.ts";
import { mergeRoute } from "./users/merge-route.ts";
import { userRoutes } from "./users/routes.ts";
import { visibleGroupRoutes } from "./users/visible-groups.ts";

/** The parts of the application. */
export interface AppOptions {
  readonly dependencies: HttpDependencies;
  readonly metrics: Metrics;
  readonly log: { readonly level: string; readonly stream: LogStream };
  /** Absent: plain HTTP. */
  readonly tls?: TlsOptions | undefined;
  /** The folder of the built console; absent: no console. */
  readonly consoleDirectory?: string | undefined;
}

/** Methods of requests that change nothing. */
const readMethods: readonly string[] = ["GET", "HEAD", "OPTIONS"];
const longestParameter = 1000;
const largestJson = 1024 * 1024;

/** Builds the HTTP application, ready to listen or to be injected into. Closing it waits for requests in flight. */
export async function buildApp({ dependencies, metrics, log, tls, consoleDirectory }: AppOptions): Promise<App> {
  const answering = watchAnswers();
  const app: App = fastify(serverOptions(dependencies, log, tls, answering)).withTypeProvider<ZodTypeProvider>();
  app.server.on("request", answering.begin);
  app.setValidatorCompiler(validatorCompiler).setSerializerCompiler(serializerCompiler).setErrorHandler(handleError);
  app.server.maxConnections = dependencies.limits.connections;
  registerLifecycle(app, dependencies, metrics);
  const admission = registerAdmission(app, dependencies.limits, dependencies.clock);
  const answerUnknown = watchRoutes(app);
  app.setNotFoundHandler(answerUnknown);
  registerJson(app);

  await app.register(cookie);
  await app.register(swagger, openApiOptions);
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    uiConfig: { validatorUrl: null, tryItOutEnabled: false, docExpansion: "none", filter: true } as object,
    // The bar on top is the framework's own and asks for the address of another document.
    theme: { title: "Muster", css: [{ filename: "muster.css", content: ".swagger-ui .topbar { display: none }" }] },
  });
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
  operationRoutes(app, dependencies, metrics);
  signInPages(app, dependencies);
  await consoleRoutes(app, consoleDirectory);
  const parts: ScopeParts = { dependencies, metrics, admission, answerUnknown };
  await inScope(app, "/v1", (scope) => registerV1(scope, parts));
  await inScope(app, "/v1/organizations", (scope) => registerOperators(scope, parts));
  await inScope(app, "/api/v2", (scope) => registerV2(scope, parts));
  await app.ready();
  return app;
}

/** The parts that the scopes of the application share. */
interface ScopeParts {
  readonly dependencies: HttpDependencies;
  readonly metrics: Metrics;
  readonly admission: Admission;
  readonly answerUnknown: AnswerUnknown;
}

/** Registers routes under a prefix, with hooks of their own. */
async function inScope(app: App, prefix: string, register: (scope: App) => void): Promise<void> {
  await app.register(
    (scope, _options, done) => {
      register(scope as App);
      done();
    },
    { prefix },
  );
}

/** Registers the API of an organization. */
function registerV1(v1: App, { dependencies, metrics, admission, answerUnknown }: ScopeParts): void {
  registerAuthentication(v1, dependencies, admission);
  registerIdempotency(v1, dependencies);
  registerConditions(v1);
  completeSchemas(v1);
  v1.setNotFoundHandler(answerUnknown);
  signInRoutes(v1, dependencies);
  importRoutes(v1, dependencies, metrics);
  userRoutes(v1, dependencies);
  mergeRoute(v1, dependencies);
  exportRoute(v1, dependencies);
  visibleGroupRoutes(v1, dependencies);
  groupRoutes(v1, dependencies);
  groupEditRoutes(v1, dependencies);
  memberRoutes(v1, dependencies);
  topicRoutes(v1, dependencies);
  membershipRequestRoutes(v1, dependencies);
  pendingRoutes(v1, dependencies, metrics);
  locationRoutes(v1, dependencies);
  locationEditRoutes(v1, dependencies);
  optOutRoutes(v1, dependencies);
  changeRoutes(v1, dependencies);
  reachRoutes(v1, dependencies);
  permissionRoutes(v1, dependencies);
  organizationRoutes(v1, dependencies);
  sourceRoutes(v1, dependencies);
  renumberRoute(v1, dependencies);
  announcementRoutes(v1, dependencies);
  void v1.register((files, _options, ready) => {
    streamBodies(files as App);
    previewRoute(files as App, dependencies);
    ready();
  });
  apiKeyRoutes(v1, dependencies);
  apiKeyEditRoutes(v1, dependencies);
  sftpAccountRoutes(v1, dependencies);
  auditRoutes(v1, dependencies);
}

/** Registers the API of the operator, who sets up organizations. */
function registerOperators(organizations: App, { dependencies, admission, answerUnknown }: ScopeParts): void {
  registerOperatorAuthentication(organizations, dependencies, admission);
  registerConditions(organizations);
  completeSchemas(organizations, { isOperators: true });
  organizations.setNotFoundHandler(answerUnknown);
  operatorRoutes(organizations, dependencies);
}

/** Registers the older API, which existing jobs use. */
function registerV2(v2: App, { dependencies, metrics, admission, answerUnknown }: ScopeParts): void {
  registerAuthentication(v2, dependencies, admission, { keyInQuery: true });
  registerIdempotency(v2, dependencies);
  registerConditions(v2);
  completeSchemas(v2, { ignoresParameters: true });
  v2.setNotFoundHandler(answerUnknown);
  v2.addHook("preValidation", async (request) => refuseUnsupported(request.query as object));
  void v2.register((files, _options, ready) => {
    importV2Routes(files as App, dependencies, metrics);
    ready();
  });
  usersV2Route(v2, dependencies);
  groupV2Routes(v2, dependencies);
  locationV2Routes(v2, dependencies);
  permissionV2Routes(v2, dependencies);
  pendingV2Routes(v2, dependencies, metrics);
}

function serverOptions(
  { newId, trustedProxies, limits }: HttpDependencies,
  log: AppOptions["log"],
  tls: TlsOptions | undefined,
  answering: Answering,
): FastifyHttpOptions<RawServerDefault> {
  const http = {
    headersTimeout: limits.headersWhole,
    // Node.js looks for slow ones now and then only.
    connectionsCheckingInterval: Math.min(5000, limits.headersWhole),
    maxHeaderSize: 16 * 1024,
  };
  return {
    logger: loggerOptions(log.level, log.stream),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    genReqId: newId,
    // X-Forwarded-For counts only if a trusted proxy sent it.
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    bodyLimit: largestJson,
    routerOptions: { maxParamLength: longestParameter, ignoreTrailingSlash: true },
    rewriteUrl,
    // Requests that come while the service stops get a problem like any other, not Fastify's own document.
    return503OnClosing: false,
    keepAliveTimeout: limits.connectionIdle,
    // To Fastify's types, a server of HTTPS makes another kind of application; to everything here it is the same one.
    ...(tls === undefined
      ? { http }
      : ({ https: { ...http, ...tls, handshakeTimeout: limits.headersWhole } } as object)),
    frameworkErrors: (error: unknown, request: AnyRequest, reply: AnyReply) => handleError(error, request, reply),
    clientErrorHandler: refuseBrokenRequest(newId, answering),
  };
}

function handleError(error: unknown, request: AnyRequest, reply: AnyReply): void {
  const { config, bodyLimit = largestJson } = request.routeOptions;
  const takes = config?.streamedBody?.contentTypes.join(" or ") ?? "application/json";
  const explained = explain(error, { takes, bodyLimit });
  // No type of a body would do for an address that does not exist.
  const isNowhere = request.is404 && explained.code === "media_type_unsupported";
  const problem = isNowhere ? explain(notFound(), { takes, bodyLimit }) : explained;
  if (problem.code === "internal") request.log.error({ err: error }, "a request failed through a fault of the service");
  else if (error instanceof DatabaseError) request.log.warn({ err: error }, "the database refused a request");
  setSecurityHeaders(request, reply);
  sendProblem(request, reply, problem);
}

/** Registers the steps of every request. */
function registerLifecycle(app: App, { limits, changeSignal, clockGuard }: HttpDependencies, metrics: Metrics): void {
  let isStopping = false;
  app.addHook("preClose", async () => {
    isStopping = true;
    changeSignal.release();
  });
  app.addHook("onRequest", async (request, reply) => {
    setSecurityHeaders(request, reply);
    refuseTwoHosts(request.raw);
    if (request.raw.url?.includes("%00")) {
      throw new MusterError("request_invalid", "The address has a NUL character (%00) in it.");
    }
    if (isStopping) {
      throw new MusterError("shutting_down", "The service is stopping. Try again in a few seconds.", { retryAfter: 5 });
    }
    if (!readMethods.includes(request.method)) clockGuard?.refuse();
  });
  app.addHook("preParsing", async (request, _reply, payload) =>
    request.routeOptions.config?.streamedBody === undefined && announcesBody(request.headers)
      ? withDeadline(payload as Parameters<typeof withDeadline>[0], limits.bodyWhole)
      : payload,
  );
  app.addHook("onSend", async (request, reply, payload) => {
    // Fastify would close the connection on a client that still sends, and so take the answer from it.
    if (isStopping) reply.header("connection", "close");
    else if (!request.raw.complete) reply.removeHeader("connection");
    watchReader(reply.raw, limits, () => {
      request.log.warn({ route: routePattern(request) }, "a client did not read its answer, and was cut off");
    });
    return payload;
  });
  const note = (request: AnyRequest, reply: AnyReply) => {
    metrics.requestDone(request.method, routePattern(request), outcomeOf(reply), reply.elapsedTime / 1000);
    logRequest(request, reply);
  };
  app.addHook("onResponse", async (request, reply) => {
    discardRest(request.raw, limits.bodyRest);
    note(request, reply);
  });
  // Fastify has no hook for an answer that nobody waits for any more.
  app.addHook("onRequest", async (request, reply) => {
    reply.raw.once("close", () => {
      if (!reply.raw.headersSent) note(request, reply);
    });
  });
}
