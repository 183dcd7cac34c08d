/** Answers that are not Muster's: redirects, sign-in pages, proxies, other programs. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createServer as createTcpServer, type Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { makeCertificate } from "../support/certificate.ts";
import { runCommand } from "./command.ts";

const folder = await mkdtemp(join(tmpdir(), "muster-strangers-test-"));
after(() => rm(folder, { recursive: true, force: true }));
const file = join(folder, "roster.csv");
await writeFile(file, "firstName,email,groupID\nAnn,ann@x.edu,G1\n");
const key = "muster_secret";

async function listen(server: NetServer & { closeAllConnections?(): void }): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

/** Starts a web server. @returns its address */
const serve = async (listener: RequestListener) => `http://127.0.0.1:${await listen(createServer(listener))}`;

const page = (title: string) => `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body></body></html>`;

const commandsOf = (url: string) =>
  [
    ["push", file, "--retries", "0"],
    ["pull", "--to", join(folder, "copy"), "--retries", "0"],
    ["link", "jdoe"],
    ["organization", "list"],
  ].map((args) => runCommand(args, { url, key }));

/** Every command ends with 3 and this sentence, without the key. */
async function assertExplained(url: string, sentence: RegExp): Promise<void> {
  for (const { status, output, errorOutput } of await Promise.all(commandsOf(url))) {
    assert.deepEqual([status, output], [3, ""], errorOutput);
    assert.match(errorOutput, sentence);
    assert.ok(!errorOutput.includes("secret") && !errorOutput.includes("\u001b"));
  }
}

describe("a redirect", () => {
  test("to the same path elsewhere: the message names the address to use, and the key stays here", async () => {
    const keys: unknown[] = [];
    const other = await serve((request, response) => {
      keys.push(request.headers.authorization);
      response.end("{}");
    });
    const url = await serve((request, response) =>
      response.writeHead(301, { location: `${other}/muster${request.url}` }).end(),
    );
    await assertExplained(
      url,
      new RegExp(`^muster: ${url} redirects to ${other}/muster\\. Set MUSTER_URL \\(or --url\\) to ${other}/muster\n$`),
    );
    assert.deepEqual(keys, []);
  });

  test("to a sign-in page: the message names it without its query", async () => {
    const url = await serve((_request, response) =>
      response.writeHead(302, { location: "https://login.campus.edu/sso?token=secret" }).end(),
    );
    await assertExplained(
      url,
      /redirects to another host, https:\/\/login\.campus\.edu\/sso, which looks like a sign-in/,
    );
  });

  test("to nowhere: the message quotes it", async () => {
    const url = await serve((_request, response) => response.writeHead(302, { location: "javascript:0" }).end());
    await assertExplained(url, /redirects to "javascript:0", which is not a web address/);
  });
});

describe("another server", () => {
  for (const [name, status, body, sentence] of [
    [
      "a sign-in page",
      200,
      page("Campus\n Sign-in"),
      /a web page answers, not Muster \(status 200, a page titled "Campus Sign-in"\)\. Check/,
    ],
    ["an API", 200, '{"ok":true}', /another program than Muster answers \(status 200\)/],
    ["no content", 204, "", /another program than Muster answers \(status 204\)/],
    [
      "a firewall",
      403,
      page("Blocked \u001b[31m"),
      /refused the request \(status 403, a page titled "Blocked \[U\+001B\]\[31m"\)/,
    ],
    ["a missing page", 404, page("404 Not Found"), /There is no Muster at http:\/\/127.*Check the address/],
    ["a limit of size", 413, page("Too Large"), /refused the file as too large .*client_max_body_size/],
    ["a failure", 500, "oops", /A server in front of Muster failed \(status 500\)\. Look into its log\./],
    ["plain HTTP on a port of TLS", 400, "The plain HTTP request was sent to HTTPS port", /speaks TLS\. Use https:/],
  ] as const) {
    test(`${name}: 3, and the message says what answered`, async () => {
      const url = await serve((request, response) => {
        request.resume();
        response.writeHead(status, { "content-type": body.startsWith("<") ? "text/html" : "text/plain" }).end(body);
      });
      await assertExplained(url, sentence);
    });
  }
});

describe("a connection that cannot work", () => {
  test("a port of another protocol", async () => {
    const server = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("SSH-2.0-OpenSSH_9\r\n"));
    });
    await assertExplained(
      `http://127.0.0.1:${await listen(server)}`,
      /does not speak HTTP\. Check the port in the address/,
    );
  });

  test("https to a port without TLS", async () => {
    const url = await serve((_request, response) => response.end("{}"));
    const sentence = /does not speak TLS\. If the service runs without TLS, use http in its address\.\n$/;
    await assertExplained(url.replace("http:", "https:"), sentence);
  });

  test("a certificate of an unknown authority, and http to a port of TLS", async () => {
    const { certificate, key: privateKey } = await makeCertificate(folder, "stranger");
    const options = { cert: await readFile(certificate), key: await readFile(privateKey) };
    const port = await listen(createSecureServer(options, (_request, response) => response.end("{}")));
    await assertExplained(
      `https://127.0.0.1:${port}`,
      /This machine does not know the authority that signed the certificate of 127.*Set NODE_EXTRA_CA_CERTS/,
    );
    await assertExplained(
      `http://127.0.0.1:${port}`,
      /broke off\. If the service uses TLS, use https in its address\./,
    );
  });

  test("a host that does not exist", async () => {
    await assertExplained("http://muster.invalid", /(There is no host named|when asked for) muster\.invalid\. Check/);
  });
});
