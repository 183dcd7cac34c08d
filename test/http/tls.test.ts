/** HTTPS by the service itself. */
import assert from "node:assert/strict";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type TLSSocket } from "node:tls";
import { readTls } from "../../src/http/server/tls.ts";
import { encryptKey, makeCertificate } from "../support/certificate.ts";
import { createTestDatabase } from "../support/database.ts";
import { exchange } from "../support/raw-http.ts";
import { type ServiceProcess, startService } from "../support/service-process.ts";

const folder = await mkdtemp(join(tmpdir(), "muster-tls-"));
const started: ServiceProcess[] = [];
const first = await makeCertificate(folder, "first");
const second = await makeCertificate(folder, "second");
const used = { certificate: join(folder, "used.crt"), key: join(folder, "used.key") };
const adminKey = "an-admin-key-for-the-tests-of-tls";

after(async () => {
  for (const { child, ended } of started) {
    child.kill("SIGTERM");
    await ended;
  }
  await rm(folder, { recursive: true, force: true });
});
// Dropped after the services have let go of it.
const { connection } = await createTestDatabase({ after });

async function use({ certificate, key }: typeof used): Promise<void> {
  await copyFile(certificate, used.certificate);
  await copyFile(key, used.key);
}

function start(environment: Record<string, string>): ServiceProcess {
  const { host = "", port = 5432, user = "", password = "", database = "", connectionString } = connection;
  const place = new URLSearchParams({ host, port: String(port) });
  const address = `postgresql://${user}:${encodeURIComponent(String(password))}@localhost/${database}?${place}`;
  const service = startService(join(folder, "data"), {
    DATABASE_URL: connectionString ?? address,
    MUSTER_ADMIN_KEY: adminKey,
    ...environment,
  });
  started.push(service);
  return service;
}

/** Asks over HTTPS, and believes these certificates alone. */
async function get(url: string, path: string, agent: Agent) {
  const headers = { authorization: `Bearer ${adminKey}` };
  const { promise, resolve, reject } = Promise.withResolvers<{ subject: string; hsts: unknown; status: unknown }>();
  request(`${url}${path}`, { agent, headers }, async (answer) => {
    const socket = answer.socket as TLSSocket;
    const { subject } = socket.getPeerCertificate();
    await textOf(answer);
    resolve({
      subject: String(subject?.CN),
      status: answer.statusCode,
      hsts: answer.headers["strict-transport-security"],
    });
  })
    .on("error", reject)
    .end();
  return promise;
}

const believing = async (...certificates: string[]) => {
  const agent = new Agent({
    keepAlive: true,
    ca: await Promise.all(certificates.map((path) => readFile(path, "utf8"))),
    // Else the second handshake shows no certificate.
    maxCachedSessions: 0,
  });
  after(() => agent.destroy());
  return agent;
};

test("HTTPS is spoken from TLS 1.2 on, browsers are told to stay with it, and HTTP is not answered", async () => {
  await use(first);
  const service = start({ TLS_CERT: used.certificate, TLS_KEY: used.key });
  const url = await service.ready;
  assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
  const agent = await believing(first.certificate);
  assert.deepEqual(await get(url, "/v1/organization", agent), {
    subject: "first",
    status: 200,
    hsts: "max-age=31536000",
  });
  const handshake = (options: object) =>
    new Promise<string>((resolve) => {
      const { hostname: host, port } = new URL(url);
      const socket = connect({ host, port: Number(port), rejectUnauthorized: false, ...options });
      socket.once("secureConnect", () => {
        resolve(socket.getProtocol() ?? "");
        socket.destroy();
      });
      socket.once("error", ({ message }) => resolve(message));
    });
  assert.equal(await handshake({ maxVersion: "TLSv1.2" }), "TLSv1.2");
  assert.equal(await handshake({}), "TLSv1.3");
  assert.match(
    await handshake({ minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }),
    /alert protocol version/,
  );
  assert.equal((await exchange(url, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")).status, 0);
  assert.equal((await get(url, "/healthz", agent)).status, 200);
});

test("SIGHUP takes a renewed certificate without dropping connections, and never one that cannot be used", async () => {
  await use(first);
  const service = start({ TLS_CERT: used.certificate, TLS_KEY: used.key });
  const url = await service.ready;
  const old = await believing(first.certificate);
  assert.equal((await get(url, "/healthz", old)).subject, "first");
  const reload = async (expected: RegExp) => {
    service.child.kill("SIGHUP");
    for (let tries = 0; tries < 500 && !expected.test(service.errors()); tries += 1) await sleep(10);
    assert.match(service.errors(), expected);
  };
  await copyFile(second.certificate, used.certificate);
  await reload(/the certificate was not read again: TLS_KEY is the key of another certificate/);
  assert.equal((await get(url, "/healthz", await believing(first.certificate))).subject, "first");
  await use(second);
  await reload(/the certificate was read again/);
  assert.equal((await get(url, "/healthz", await believing(second.certificate))).subject, "second");
  await assert.rejects(get(url, "/healthz", await believing(first.certificate)), /self-signed certificate/);
  assert.equal((await get(url, "/healthz", old)).subject, "first", "the open connection goes on");
  assert(!service.errors().includes("PRIVATE"));
});

test("what is wrong with certificate or key is told in one sentence, and nothing of the key", async () => {
  const encrypted = join(folder, "encrypted.key");
  await encryptKey(first.key, encrypted);
  await writeFile(join(folder, "text"), "hello");
  const failures: [certificate: string, key: string, RegExp][] = [
    [join(folder, "none"), first.key, /^the file of TLS_CERT cannot be read \(ENOENT\); [^\n]+$/],
    [folder, first.key, /^the file of TLS_CERT cannot be read \(EISDIR\); [^\n]+$/],
    [join(folder, "text"), first.key, /^the file of TLS_CERT holds no certificate in PEM [^\n]+$/],
    [first.certificate, join(folder, "text"), /^the file of TLS_KEY holds no private key in PEM [^\n]+$/],
    [first.key, first.certificate, /^the file of TLS_CERT holds no certificate in PEM [^\n]+$/],
    [first.certificate, encrypted, /^the key of TLS_KEY has a passphrase; [^\n]+$/],
    [first.certificate, second.key, /^TLS_KEY is the key of another certificate [^\n]+$/],
  ];
  for (const [certificate, key, expected] of failures) {
    await assert.rejects(readTls({ certificate, key }), ({ message }: Error) => expected.test(message));
  }
  const service = start({ LOG_LEVEL: "fatal", TLS_CERT: first.certificate, TLS_KEY: second.key });
  assert.equal(await service.ended, 1);
  assert.match(service.errors(), /^Muster could not start: TLS_KEY is the key of another certificate [^\n]+\n$/);
  assert.equal(service.output(), "");
});
