/** The command through an HTTP proxy. */
import assert from "node:assert/strict";
import { mkdtemp, readFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { makeCertificate } from "../support/certificate.ts";
import { csv } from "../support/rosters.ts";
import { runCommand, startCommand } from "./command.ts";
import { startFaultyNetwork } from "./faulty-network.ts";
import { startHttpProxy } from "./http-proxy.ts";
import { startPushSetting } from "./push-setting.ts";

const { app, fileOf, folder, importsOf, newSource, range, setting } = await startPushSetting();

/** The service under a name that only the proxy knows. */
const hiddenUrl = app.url.replace("127.0.0.1", "muster.invalid");

/** Starts HTTPS in front of the service. @returns its port, and the file of its certificate */
async function startTls() {
  const { certificate, key } = await makeCertificate(await mkdtemp(join(folder, "tls-")), "localhost");
  const options = { cert: await readFile(certificate), key: await readFile(key) };
  const server = createSecureServer(options, (asked, response) => {
    const { method, url: path, headers } = asked;
    const upstream = request({ host: "127.0.0.1", port: new URL(app.url).port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    asked.pipe(upstream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, certificate };
}

const push = async (source: string, url: string, environment: Record<string, string>, args: readonly string[] = []) =>
  runCommand(["push", await fileOf(csv(range(300))), "--source", source, ...args], { ...setting, url, environment });

describe("an http address", () => {
  for (const variable of ["HTTP_PROXY", "http_proxy"]) {
    test(`goes to the proxy of ${variable}, whole file and report`, async () => {
      const source = await newSource();
      const proxy = await startHttpProxy();
      const { status, output, errorOutput } = await push(source, hiddenUrl, { [variable]: `http://${proxy.host}` });
      assert.equal(status, 0, errorOutput);
      assert.match(output, /^ {2}added +300$/m);
      assert.equal(proxy.log[0], `POST ${hiddenUrl}/v1/imports/users?source=${source}`);
    });
  }

  test("of a host in NO_PROXY is reached directly", async () => {
    const source = await newSource();
    const proxy = await startHttpProxy();
    const environment = { HTTP_PROXY: `http://${proxy.host}`, NO_PROXY: "10.0.0.0/8,127.0.0.1" };
    assert.equal((await push(source, app.url, environment)).status, 0);
    assert.deepEqual(proxy.log, []);
  });

  test("pull and link go there, too", async () => {
    const proxy = await startHttpProxy();
    const given = { ...setting, url: hiddenUrl, environment: { HTTP_PROXY: proxy.host } };
    const pulled = await runCommand(["pull", "--to", join(folder, "copy")], given);
    assert.equal(pulled.status, 0, pulled.errorOutput);
    assert.match((await runCommand(["link", "nobody"], given)).errorOutput, /no user with the username "nobody"/);
    assert.ok(proxy.log.some((line) => line.startsWith(`GET ${hiddenUrl}/v1/users?limit=`)));
  });
});

describe("an https address", () => {
  test("goes through a tunnel of the proxy, which does not see the key", async () => {
    const source = await newSource();
    const { port, certificate } = await startTls();
    const proxy = await startHttpProxy();
    const environment = { HTTPS_PROXY: `http://${proxy.host}`, NODE_EXTRA_CA_CERTS: certificate };
    const { status, output, errorOutput } = await push(source, `https://localhost:${port}`, environment);
    assert.equal(status, 0, errorOutput);
    assert.match(output, /^ {2}added +300$/m);
    assert.deepEqual(new Set(proxy.log), new Set([`CONNECT localhost:${port}`]));
    assert.deepEqual(proxy.headers, []);
    const unknown = await push(source, `https://localhost:${port}`, { HTTPS_PROXY: proxy.host }, ["--retries", "0"]);
    assert.equal(unknown.status, 3);
    assert.match(
      unknown.errorOutput,
      /does not know the authority that signed the certificate of localhost:\d+ through/,
    );
  });
});

describe("a proxy that asks for a user name and password", () => {
  test("gets the ones in the variable, and no message shows them", async () => {
    const { port, certificate } = await startTls();
    const proxy = await startHttpProxy({ login: "me:se cret" });
    const environment = (login: string) => ({
      HTTP_PROXY: `http://${login}${proxy.host}`,
      HTTPS_PROXY: `http://${login}${proxy.host}`,
      NODE_EXTRA_CA_CERTS: certificate,
    });
    for (const url of [hiddenUrl, `https://localhost:${port}`]) {
      assert.equal((await push(await newSource(), url, environment("me:se%20cret@"))).status, 0);
      for (const [login, sentence] of [
        ["", /asks for a user name and password\. Set HTTPS?_PROXY to http:\/\/USER:PASSWORD@127/],
        ["me:wrong@", /refused the user name or password\. Set HTTPS?_PROXY to http:\/\/USER:PASSWORD@127/],
      ] as const) {
        const { status, errorOutput } = await push(await newSource(), url, environment(login));
        assert.equal(status, 3);
        assert.match(errorOutput, sentence);
        assert.doesNotMatch(errorOutput, /wrong|cret/);
      }
    }
  });
});

describe("a proxy that does not work", () => {
  test("not running: the message names it, not the service", async () => {
    const environment = { HTTP_PROXY: "http://127.0.0.1:1", HTTPS_PROXY: "http://127.0.0.1:1" };
    for (const [url, variable] of [
      [hiddenUrl, "HTTP_PROXY"],
      ["https://muster.invalid", "HTTPS_PROXY"],
    ] as const) {
      const { status, errorOutput } = await push(await newSource(), url, environment, ["--retries", "0"]);
      assert.equal(status, 3);
      const sentence = `Nothing listens at the proxy 127.0.0.1:1 (${variable}). Check the address of the proxy, and that it is running.`;
      assert.equal(errorOutput, `muster: ${sentence}\n`);
    }
  });

  test("refusing the tunnel: the message gives its status", async () => {
    const proxy = await startHttpProxy({ refuseWith: 403 });
    const environment = { HTTPS_PROXY: `http://${proxy.host}` };
    const { status, errorOutput } = await push(await newSource(), "https://muster.invalid", environment);
    assert.equal(status, 3);
    assert.match(
      errorOutput,
      /^muster: The proxy 127.*\(HTTPS_PROXY\) did not connect to the service \(status 403\)\./,
    );
  });

  test("silent: a signal ends the command at once", async () => {
    const proxy = await startHttpProxy({ isSilent: true });
    for (const [url, variable] of [
      [hiddenUrl, "HTTP_PROXY"],
      ["https://muster.invalid", "HTTPS_PROXY"],
    ] as const) {
      const before = proxy.log.length;
      const args = ["push", await fileOf(csv(range(1)))];
      const pushed = startCommand(args, { ...setting, url, environment: { [variable]: proxy.host } });
      while (proxy.log.length === before) await new Promise((resolve) => setTimeout(resolve, 20));
      pushed.child.kill("SIGTERM");
      assert.equal((await pushed.ended).status, 143);
    }
  });
});

test("a connection that breaks off behind the proxy: the file is applied once", async () => {
  const source = await newSource();
  const network = await startFaultyNetwork(app.url, [{ breakAfterRequestBytes: 5000 }, { breakAfterAnswerBytes: 0 }]);
  const proxy = await startHttpProxy();
  const { status, output, errorOutput } = await push(source, network.url, { HTTP_PROXY: `http://${proxy.host}` });
  assert.equal(status, 0, errorOutput);
  assert.match(output, /An earlier attempt had arrived and its answer was lost/);
  assert.equal((await importsOf(source)).filter((one: { status: string }) => one.status === "applied").length, 1);
});

test("without the package that speaks to proxies, the message says how to get it", async () => {
  const hide = `import { registerHooks } from "node:module";
registerHooks({ resolve: (name, context, next) => { if (name === "undici") throw new Error("not installed"); return next(name, context); } });`;
  const nodeOptions = ["--import", `data:text/javascript,${encodeURIComponent(hide)}`];
  const environment = { HTTP_PROXY: "http://127.0.0.1:1" };
  const args = ["push", await fileOf(csv(range(1)))];
  const { status, errorOutput } = await runCommand(args, { ...setting, url: hiddenUrl, nodeOptions, environment });
  assert.equal(status, 64);
  assert.match(
    errorOutput,
    /HTTP_PROXY is set, and the npm package undici.*Install muster with npm on Node\.js 20\.18\.1/,
  );
  assert.equal((await runCommand(args, { ...setting, nodeOptions })).status, 0, "it is not loaded without a proxy");
});
