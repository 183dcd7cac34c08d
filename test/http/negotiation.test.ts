import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseFormat } from "../../src/http/contract/negotiation.ts";

const choose = (accept?: string, contentType?: string) =>
  chooseFormat(
    {
      ...(accept === undefined ? {} : { accept }),
      ...(contentType === undefined ? {} : { "content-type": contentType }),
    },
    ["json", "xml", "text"],
  );

test("without a preference an XML request gets XML, any other JSON", () => {
  assert.equal(choose(), "json");
  assert.equal(choose("*/*"), "json");
  assert.equal(choose(undefined, "application/xml; charset=utf-8"), "xml");
  assert.equal(choose("*/*", "text/xml"), "xml");
  assert.equal(choose("", "application/json"), "json");
});

test("what Accept prefers wins over the request's own type", () => {
  assert.equal(choose("application/json", "application/xml"), "json");
  assert.equal(choose("application/xml"), "xml");
  assert.equal(choose("TEXT/XML"), "xml");
  assert.equal(choose("text/plain", "application/xml"), "text");
  assert.equal(choose("text/html, application/xml;q=0.9, */*;q=0.1"), "xml");
  assert.equal(choose("application/json;q=0.2, application/xml;q=0.3"), "xml");
  assert.equal(choose("application/xml;q=0, */*", "application/xml"), "json");
  assert.equal(choose("application/problem+xml"), "xml");
});

test("what cannot be had gets the usual format", () => {
  assert.equal(choose("image/png"), "json");
  assert.equal(choose("image/png", "application/xml"), "xml");
  assert.equal(choose(",;q=,,;;=x/y;q=9"), "json");
  assert.equal(chooseFormat({ accept: "text/plain" }, ["json", "xml"]), "json");
});
