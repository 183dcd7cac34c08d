import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ConfigError, environmentSchema, readConfig } from "../src/config.ts";

const refusalOf = (environment: Record<string, string>): string => {
  try {
    readConfig(environment);
  } catch (error) {
    assert(error instanceof ConfigError);
    return error.message;
  }
  return assert.fail("it was accepted");
};

test("unset and empty variables have their defaults", () => {
  const defaults = readConfig({});
  assert.equal(defaults.host, "127.0.0.1");
  assert.equal(defaults.port, 8080);
  assert.equal(defaults.dataDirectory, "./data");
  assert.equal(defaults.databaseUrl, undefined);
  assert.equal(defaults.organizationName, "University");
  assert.equal(defaults.importMaximumBytes, 1024 ** 3);
  const empty = Object.fromEntries(Object.keys(environmentSchema.shape).map((name) => [name, " "]));
  assert.deepEqual(readConfig({ ...empty, SFTP_PORT: undefined }), defaults);
  assert.deepEqual([defaults.sftp, readConfig(empty).sftp], [{ host: "127.0.0.1", port: 2222 }, undefined]);
});

test("an OpenID provider is an issuer with an audience", () => {
  const issuer = { OIDC_ISSUER: "https://login.example.edu/tenant/v2.0", OIDC_AUDIENCE: "muster" };
  assert.deepEqual(readConfig(issuer).issuer, { issuer: issuer.OIDC_ISSUER, audience: "muster" });
  assert.equal(readConfig({}).issuer, undefined);
  assert.match(refusalOf({ OIDC_ISSUER: issuer.OIDC_ISSUER }), /go together/);
  assert.match(refusalOf({ OIDC_AUDIENCE: "muster" }), /go together/);
  for (const OIDC_ISSUER of ["http://login.example.edu", "login.example.edu", "https://a.example.edu?x"]) {
    assert.match(refusalOf({ ...issuer, OIDC_ISSUER }), /^OIDC_ISSUER must be an https address/);
  }
});

test("good values are taken", () => {
  const config = readConfig({
    PORT: " 0 ",
    DATABASE_URL: "postgres://muster:secret@db.example.edu/muster?sslmode=require",
    MUSTER_ADMIN_KEY: "abcdefghijklmnopqrstuvwx",
    PUBLIC_URL: "https://muster.example.edu/",
    DATABASE_CONNECTIONS: "25",
  });
  assert.equal(config.port, 0);
  assert.equal(config.adminKey, "abcdefghijklmnopqrstuvwx");
  assert.equal(config.publicUrl, "https://muster.example.edu");
  assert.equal(config.databaseConnections, 25);
});

test("the operator's key and the admin key are two keys", () => {
  const key = "secret-secret-secret-secret";
  assert.equal(readConfig({ MUSTER_OPERATOR_KEY: key }).operatorKey, key);
  const message = refusalOf({ MUSTER_OPERATOR_KEY: key, MUSTER_ADMIN_KEY: key });
  assert.match(message, /^MUSTER_OPERATOR_KEY must not be the same as MUSTER_ADMIN_KEY, /);
  assert(!message.includes(key));
});

test("a bad value gives one sentence that names the variable and does not show the value", () => {
  const bad: Record<string, string[]> = {
    PORT: ["65536", "-1", "http", "1e3", "0x10", "80.5"],
    DATABASE_CONNECTIONS: ["1", "many"],
    IMPORT_MAX_BYTES: ["1GB", "0"],
    IMPORT_MAX_ROWS: ["0", "many"],
    CLOCK_ACCEPT: ["today", "2026-13-01"],
    LOG_LEVEL: ["loud"],
    DATABASE_URL: ["mysql://secret@db/x", "secret", "postgres://u:secret@db/x?options=-c%20role%3Dpostgres"],
    MUSTER_ADMIN_KEY: ["secret-too-short", "secret with spaces in the middle", `secret${"x".repeat(300)}`],
    MUSTER_OPERATOR_KEY: ["secret-too-short", "secret with spaces in the middle", `secret${"x".repeat(300)}`],
    PUBLIC_URL: ["ftp://secret.example.edu", "https://secret.example.edu/path", "https://secret@example.edu", "secret"],
    TRUSTED_PROXIES: ["secret", "127.0.0.1 10.0.0.0/8", "10.0.0.0/33", "*", "loopback", "127.0.0.1,"],
    RATE_LIMIT_PER_MINUTE: ["-1", "off"],
    FAILURE_LIMIT_PER_MINUTE: ["secret"],
    MUSTER_ORGANIZATION: [`secret${"x".repeat(300)}`],
  };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      const message = refusalOf({ [name]: value });
      assert.match(message, new RegExp(`^${name} m(ust|ay) [^\n]+; correct it and start again\\.$`), message);
      assert(!message.includes("secret"), message);
    }
  }
});

test("a certificate takes a key, and the other way round", () => {
  assert.deepEqual(readConfig({ TLS_CERT: "a.pem", TLS_KEY: "b.pem" }).tls, { certificate: "a.pem", key: "b.pem" });
  assert.match(refusalOf({ TLS_CERT: "a.pem" }), /^TLS_KEY must be set, too, when TLS_CERT is; /);
  assert.match(refusalOf({ TLS_KEY: "b.pem" }), /^TLS_CERT must be set, too, when TLS_KEY is; /);
});

test("trusted proxies are addresses and networks, in one notation", () => {
  const { trustedProxies } = readConfig({ TRUSTED_PROXIES: "127.0.0.1, 10.1.2.3/8,2001:DB8::/32" });
  assert.deepEqual(trustedProxies, ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"]);
});

test(".env.example lists every variable with its default and a comment, and no other", () => {
  const text = readFileSync(new URL("../.env.example", import.meta.url), "utf8");
  const blocks = text.split("\n\n").slice(1);
  const listed = new Map<string, string>();
  for (const block of blocks) {
    const lines = block.trim().split("\n");
    const [, name = "", value = ""] = /^([A-Z_]+)=(.*)$/.exec(lines.at(-1) ?? "") ?? [];
    assert.notEqual(name, "", `no variable in: ${block}`);
    assert(lines.length > 1 && lines.slice(0, -1).every((line) => /^# ./.test(line)), `no comment on ${name}`);
    listed.set(name, value);
  }
  assert.deepEqual([...listed.keys()].sort(), Object.keys(environmentSchema.shape).sort());
  assert.deepEqual(readConfig(Object.fromEntries(listed)), readConfig({}));
  for (const [name, value] of listed) {
    if (value !== "")
      assert.notEqual(environmentSchema.shape[name as "PORT"].safeParse(undefined).data, undefined, name);
  }
});
