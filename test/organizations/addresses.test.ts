import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalAddress, canonicalRange, clientOf, isOnList } from "../../src/organizations/addresses.ts";

test("addresses and networks get one notation each", () => {
  const written: [string, string][] = [
    ["192.0.2.17", "192.0.2.17"],
    [" 192.0.2.17/32 ", "192.0.2.17"],
    ["192.0.2.17/24", "192.0.2.0/24"],
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8::1/32", "2001:db8::/32"],
    ["2001:db8::1/128", "2001:db8::1"],
    ["::/0", "::/0"],
    ["::1", "::1"],
    ["::", "::"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["::ffff:192.0.2.17", "192.0.2.17"],
    ["::FFFF:c000:211", "192.0.2.17"],
    ["::ffff:192.0.2.17/120", "192.0.2.0/24"],
    ["::ffff:0:0/96", "0.0.0.0/0"],
    ["64:ff9b::192.0.2.17", "64:ff9b::c000:211"],
  ];
  for (const [text, expected] of written) assert.equal(canonicalRange(text), expected, text);
});

test("a text that is neither an address nor a network is reported", () => {
  const wrong = ["", " ", "x", "192.0.2", "192.0.2.256", "192.0.2.017", "192.0.2.1/33", "192.0.2.1/", "192.0.2.1/-1"];
  const more = ["192.0.2.1/024", "192.0.2.1/8/8", "1.2.3.4/a", "2001:db8::/129", "fe80::1%eth0", "[::1]", "::1::", "*"];
  for (const text of [...wrong, ...more, "example.edu", "192.0.2.1-192.0.2.9"]) {
    assert.equal(canonicalRange(text), undefined, text);
  }
});

test("an address is recognised as proxies and systems write it", () => {
  assert.equal(canonicalAddress("192.0.2.17:443"), "192.0.2.17");
  assert.equal(canonicalAddress("::ffff:192.0.2.17"), "192.0.2.17");
  assert.equal(canonicalAddress("[2001:db8::1]:443"), "2001:db8::1");
  assert.equal(canonicalAddress("fe80::1%eth0"), "fe80::1");
  for (const text of ["", "unknown", "_hidden", "192.0.2.0/24", "'; drop table users"]) {
    assert.equal(canonicalAddress(text), undefined, text);
  }
});

test("a list lets through what it names, by IPv4 and IPv6; an empty one lets through everybody", () => {
  const list = ["192.0.2.17", "10.0.0.0/8", "2001:db8::/32"];
  for (const address of ["192.0.2.17", "10.255.255.255", "2001:db8:ffff::1"]) assert(isOnList(list, address), address);
  for (const address of ["192.0.2.18", "11.0.0.0", "2001:db9::", "::1", undefined]) assert(!isOnList(list, address));
  assert(isOnList([], "203.0.113.1"));
  assert(isOnList([], undefined));
  assert(isOnList(["0.0.0.0/0"], "203.0.113.1"));
  assert(!isOnList(["0.0.0.0/0"], "2001:db8::1"));
});

test("whatever is canonical stays as it is, and holds the address that it was made of", () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(address, fc.nat(32), (text, prefix) => {
      const range = canonicalRange(`${text}/${prefix}`);
      assert(range !== undefined, text);
      assert.equal(canonicalRange(range), range);
      assert(isOnList([range], canonicalAddress(text)), `${text}/${prefix}`);
    }),
  );
});

test("one client is an IPv4 address, or 64 bits of IPv6", () => {
  assert.equal(clientOf("192.0.2.17"), "192.0.2.17");
  assert.equal(clientOf("2001:db8:1:2:3:4:5:6"), clientOf("2001:db8:1:2:ffff::"));
  assert.notEqual(clientOf("2001:db8:1:2::"), clientOf("2001:db8:1:3::"));
  assert.equal(clientOf(undefined), "unknown");
});
