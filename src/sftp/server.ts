import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import ssh2, { type AuthContext, type Connection } from "ssh2";
import { canonicalAddress, clientOf, isOnList } from "../organizations/addresses.ts";
import { createRateLimiter } from "../organizations/rate-limiter.ts";
import { isLegacy, type Negotiated, serverConfig } from "./algorithms.ts";
import type { SftpDependencies } from "./dependencies.ts";
import { createDrafts, type Drafts } from "./drafts.ts";
import { openHostKeys } from "./host-keys.ts";
import { auditRefusal, findAccount, findLegacyNetworks, judgeLogin, noteUse, type SftpAccount } from "./login.ts";
import { noteMissing, readResponse } from "./responses.ts";
import { serveSession } from "./session.ts";
import type { TreeParts } from "./tree.ts";

/** Attempts to log in of one connection: clients offer one key after the other. */
const mostAttempts = 12;
/** Channels of one connection. */
const mostSessions = 10;

/** A server that listens. */
export interface SftpServer {
  readonly port: number;
  readonly fingerprints: readonly string[];
  /** Ends all connections. What was closed is in the database; nothing else is taken. */
  close(): Promise<void>;
}

/** Starts the server (docs/sftp.md). */
export async function startSftp(
  dependencies: SftpDependencies,
  address: { readonly host: string; readonly port: number },
): Promise<SftpServer> {
  const { database, newId, clock, spoolDirectory, limits } = dependencies;
  const keys = await openHostKeys(dependencies.keyDirectory);
  const drafts = createDrafts(join(spoolDirectory, "sftp"), {
    newId,
    now: () => clock().getTime(),
    accountOf: (key) => key.split("/").slice(0, 2).join("/"),
  });
  const parts: ServerParts = {
    dependencies,
    drafts,
    ofAccount: new Map(),
    ending: new Set(),
    failures: createRateLimiter({ perMinute: Math.max(1, dependencies.failuresPerMinute), mostClients: 50_000, clock }),
  };
  const sockets = new Set<Socket>();
  const serve = (isLegacyOffered: boolean) =>
    new ssh2.Server(serverConfig(keys, isLegacyOffered), (connection, { ip }) =>
      serveConnection(parts, connection, ip),
    );
  const [secure, legacy] = [serve(false), serve(true)];
  const listener = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => undefined);
    if (sockets.size >= limits.connections) return socket.destroy();
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.setTimeout(limits.idle, () => socket.destroy());
    mayUseLegacy(database, canonicalAddress(socket.remoteAddress ?? ""))
      .then((isOffered) => (isOffered ? legacy : secure).injectSocket(socket))
      .catch(() => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(address.port, address.host, resolve);
  });
  const bound = listener.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : address.port,
    fingerprints: keys.fingerprints,
    async close() {
      const closed = new Promise((resolve) => listener.close(resolve));
      const ends = [...parts.ending];
      await Promise.all(ends.map((end) => end()));
      for (const socket of sockets) socket.destroy();
      await closed;
      await drafts.close();
    },
  };
}

async function mayUseLegacy(database: SftpDependencies["database"], address: string | undefined): Promise<boolean> {
  const networks = await findLegacyNetworks(database);
  return networks.length > 0 && isOnList(networks, address);
}

interface ServerParts {
  readonly dependencies: SftpDependencies;
  readonly drafts: Drafts;
  /** Connections of each account. */
  readonly ofAccount: Map<string, number>;
  /** Functions that end the sessions. */
  readonly ending: Set<() => Promise<void>>;
  readonly failures: ReturnType<typeof createRateLimiter>;
}

function serveConnection(parts: ServerParts, connection: Connection, ip: string): void {
  const { dependencies, ofAccount } = parts;
  const address = canonicalAddress(ip);
  let usesLegacy = true;
  let attempts = 0;
  let account: SftpAccount | undefined;
  let lastKnown: SftpAccount | undefined;
  const timer = setTimeout(() => connection.end(), dependencies.limits.login);
  connection.on("error", () => undefined);
  connection.on("handshake", (negotiated) => {
    usesLegacy = isLegacy(negotiated as unknown as Negotiated);
  });
  connection.on("authentication", (attempt) => {
    attempts += 1;
    if (attempts > mostAttempts) return void connection.end();
    logIn(parts, attempt, { address, usesLegacy, at: dependencies.clock() }).then(
      ({ accepted, known }) => {
        lastKnown = known;
        if (accepted === undefined) return attempt.reject(["publickey", "password"]);
        if (attempt.method === "password" || (attempt.method === "publickey" && attempt.signature !== undefined))
          account = accepted;
        attempt.accept();
      },
      (error: unknown) => {
        dependencies.failed(error);
        connection.end();
      },
    );
  });
  connection.on("ready", () => {
    clearTimeout(timer);
    if (account === undefined) return void connection.end();
    const count = (ofAccount.get(account.id) ?? 0) + 1;
    ofAccount.set(account.id, count);
    if (count > dependencies.limits.ofAccount) return void connection.end();
    noteUse(dependencies.database, account, dependencies.clock()).catch(dependencies.failed);
    serveChannels(parts, connection, account);
  });
  connection.on("close", () => {
    clearTimeout(timer);
    if (account !== undefined) ofAccount.set(account.id, (ofAccount.get(account.id) ?? 1) - 1);
    else if (lastKnown !== undefined) noteFailure(parts, lastKnown, { address, usesLegacy, at: dependencies.clock() });
  });
}

/** Judges an attempt, unless too many of this client failed of late. */
async function logIn(
  { dependencies, failures }: ServerParts,
  attempt: AuthContext,
  visitor: Parameters<typeof judgeLogin>[2],
): Promise<{ readonly accepted?: SftpAccount; readonly known?: SftpAccount | undefined }> {
  const client = clientOf(visitor.address);
  const isLimited = dependencies.failuresPerMinute > 0;
  if (attempt.method === "none") return {};
  if (isLimited && !failures.look(client).isAllowed) return {};
  const known = await findAccount(dependencies.database, attempt.username.slice(0, 100));
  const verdict = await judgeLogin(known, attempt, visitor);
  if (verdict === "refused" && isLimited) failures.take(client);
  return verdict === "accepted" && known !== undefined ? { accepted: known, known } : { known };
}

/** A connection to a known account that ended without a login is a failure, and is audited. */
function noteFailure(
  { dependencies, failures }: ServerParts,
  account: SftpAccount,
  visitor: Parameters<typeof auditRefusal>[2],
): void {
  const isAudited = failures.take(`audit ${account.id} ${clientOf(visitor.address)}`).isAllowed;
  if (isAudited) auditRefusal(dependencies.database, account, visitor).catch(dependencies.failed);
}

/** Takes SFTP sessions, and nothing else: no shell, no command, no forwarding. */
function serveChannels(parts: ServerParts, connection: Connection, account: SftpAccount): void {
  const { dependencies, drafts, ending } = parts;
  const { database, clock } = dependencies;
  let sessions = 0;
  const tree: TreeParts = {
    database,
    drafts,
    account,
    now: clock,
    respond: ({ organizationId }, importId) => readResponse(database, organizationId, importId),
    refresh: () => noteMissing(database, account),
  };
  const flow = flowOf(connection);
  connection.on("session", (accept, reject) => {
    sessions += 1;
    if (sessions > mostSessions) return void reject?.();
    const session = accept();
    session.on("sftp", (acceptSftp) => {
      const end = serveSession(acceptSftp(), dependencies, tree, flow);
      ending.add(end);
      connection.on("close", () => {
        void end().finally(() => ending.delete(end));
      });
    });
    session.on("close", () => {
      sessions -= 1;
    });
  });
}

/** The socket below a connection, which ssh2 reads as fast as bytes arrive. */
function flowOf(connection: Connection) {
  const socket: unknown = Reflect.get(connection, "_sock");
  const call = (name: "pause" | "resume") => {
    const method: unknown = typeof socket === "object" && socket !== null ? Reflect.get(socket, name) : undefined;
    if (typeof method === "function") method.call(socket);
  };
  return { pause: () => call("pause"), resume: () => call("resume") };
}
