import assert from "node:assert/strict";
import { test } from "node:test";
import { readProxySettings } from "../../src/cli/service/proxy-settings.ts";

const hostOf = (target: string, environment: Record<string, string>) =>
  readProxySettings(new URL(target), environment)?.url.host;

test("the variable of the scheme names the proxy, lower case first", () => {
  const both = { HTTP_PROXY: "http://plain:1", HTTPS_PROXY: "http://secure:2" };
  assert.equal(hostOf("http://m.edu", both), "plain:1");
  assert.equal(hostOf("https://m.edu", both), "secure:2");
  assert.equal(hostOf("https://m.edu", { HTTP_PROXY: "http://plain:1" }), undefined);
  assert.equal(hostOf("http://m.edu", { HTTP_PROXY: "http://upper:1", http_proxy: "lower:3128" }), "lower:3128");
  assert.equal(hostOf("http://m.edu", { http_proxy: "", HTTP_PROXY: " http://upper:1 " }), "upper:1");
});

test("NO_PROXY excludes hosts, their subdomains, networks and ports", () => {
  const cases: readonly (readonly [target: string, list: string, isExcluded: boolean])[] = [
    ["http://muster.example.edu", "example.edu", true],
    ["http://muster.example.edu", ".example.edu", true],
    ["http://muster.example.edu", "*.example.edu", true],
    ["http://muster.example.edu", "other.edu, EXAMPLE.edu", true],
    ["http://muster.example.edu", "other.edu muster.example.edu", true],
    ["http://muster.example.edu", "*", true],
    ["http://example.edu", ".example.edu", true],
    ["http://badexample.edu", "example.edu", false],
    ["http://muster.example.edu", "muster", false],
    ["http://muster.example.edu", "", false],
    ["http://muster.example.edu", ",,", false],
    ["http://muster.example.edu:8080", "example.edu:8080", true],
    ["http://muster.example.edu", "example.edu:8080", false],
    ["https://muster.example.edu", "example.edu:443", true],
    ["http://10.1.2.3", "10.0.0.0/8", true],
    ["http://10.1.2.3", "10.1.2.3", true],
    ["http://11.1.2.3", "10.0.0.0/8", false],
    ["http://10.1.2.3", "10.0.0.0/99,nonsense/8", false],
    ["http://[::1]:8080", "::1", true],
    ["http://[::1]:8080", "[::1]:8080", true],
    ["http://[fd00::7]", "fd00::/8", true],
    ["http://localhost", "localhost", true],
  ];
  for (const [target, no_proxy, isExcluded] of cases) {
    const found = hostOf(target, { http_proxy: "http://p:1", https_proxy: "http://p:1", no_proxy });
    assert.equal(found === undefined, isExcluded, `${target} with NO_PROXY=${no_proxy}`);
  }
});

test("a proxy of another kind is refused without its password", () => {
  for (const value of ["socks5://me:secret@p:1080", "http://", "me:secret@", "http://me:secret@"]) {
    assert.throws(
      () => hostOf("http://m.edu", { HTTP_PROXY: value }),
      ({ message }: Error) => /^HTTP_PROXY is .*not an HTTP proxy/.test(message) && !message.includes("secret"),
      value,
    );
  }
});
