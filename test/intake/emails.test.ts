import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { parseEmails } from "../../src/intake/emails.ts";
import { quoted } from "../../src/intake/issues.ts";
import { limits } from "../../src/intake/limits.ts";
import { property } from "./support.ts";

const emails = (value: string): string[] => parseEmails(value).emails.map(({ email }) => email);

suite("file formats, section 1: e-mails", () => {
  test("addresses are joined by ; or , and trimmed; the first is the primary one", () => {
    assert.deepEqual(parseEmails(" Jane@X.edu ; j@y.org,\n k@z.com ;"), {
      emails: [
        { email: "Jane@X.edu", normalized: "jane@x.edu" },
        { email: "j@y.org", normalized: "j@y.org" },
        { email: "k@z.com", normalized: "k@z.com" },
      ],
      issues: [],
      incomplete: false,
    });
    assert.deepEqual(parseEmails(" ; ,"), { emails: [], issues: [], incomplete: false });
  });

  test("addresses may also be joined by |, / or &", () => {
    for (const cell of ["a@x.edu|b@x.edu", "a@x.edu/b@x.edu", "a@x.edu & b@x.edu"]) {
      const { emails: found, issues } = parseEmails(cell);
      assert.deepEqual([found.map(({ email }) => email), issues], [["a@x.edu", "b@x.edu"], []], cell);
    }
  });

  test("Name <address> and mailto: are taken as the address", () => {
    assert.deepEqual(emails("Jane Doe <jane@x.edu>; <j@x.edu>;mailto:k@x.edu; K <MAILTO:l@x.edu >"), [
      "jane@x.edu",
      "j@x.edu",
      "k@x.edu",
      "l@x.edu",
    ]);
    assert.deepEqual(parseEmails('"Doe, Jane; Dr" <jane@x.edu>, b@x.edu'), {
      emails: [
        { email: "jane@x.edu", normalized: "jane@x.edu" },
        { email: "b@x.edu", normalized: "b@x.edu" },
      ],
      issues: [],
      incomplete: false,
    });
  });

  test("an invalid address is left out with a warning, and the rest is marked incomplete", () => {
    for (const value of [
      "jane",
      "jane@",
      "@x.edu",
      "jane@localhost",
      "a b@x.edu",
      "a@@x.edu",
      "a@x..edu",
      "a@-x.edu",
      "a@x-.edu",
      "a@x.edu.",
      '"a b"@x.edu',
      "a@x_y.edu",
      "a@[10.0.0.1]",
      "Jane <jane@x.edu",
      "jane@x.edu>",
      "<>",
      "a@x.edu<b@x.edu>c",
      "mailto:",
      "a\tb@x.edu",
      "\u200ba@x.edu",
      "a\u00a0b@x.edu",
      "a@x.edu b@x",
      "a:b@x.edu",
      'a"@x.edu',
    ]) {
      const parsed = parseEmails(`ok@x.edu;${value}`);
      assert.deepEqual(
        parsed,
        {
          emails: [{ email: "ok@x.edu", normalized: "ok@x.edu" }],
          issues: [{ code: "email_invalid", field: "email", details: { value: quoted(value) } }],
          incomplete: true,
        },
        value,
      );
    }
  });

  test("addresses as they occur are taken", () => {
    for (const value of [
      "a@x.edu",
      "first.last+tag@sub.x-y.co.uk",
      "o'neil@x.edu",
      "_a@x.edu",
      "1@2.3x",
      "a.@x.edu",
      "a@x.museum",
      "zoë@x.edu",
      "用户@例子.广告",
      "a@bücher.de",
      "δοκιμή@παράδειγμα.δοκιμή",
      "a/b=c@x.edu",
    ]) {
      assert.deepEqual(emails(value), [value], value);
    }
  });

  test("lengths: 254 bytes in all, 64 before the @", () => {
    const domain = `${"d".repeat(63)}.${"e".repeat(63)}.${"f".repeat(57)}.edu`;
    const longest = `${"l".repeat(64)}@${domain}`;
    assert.equal(longest.length, limits.user.emailLength);
    assert.deepEqual(emails(longest), [longest]);
    assert.deepEqual(emails(`${"l".repeat(64)}@d${domain}`), []);
    assert.deepEqual(emails(`${"l".repeat(65)}@x.edu`), []);
    assert.deepEqual(emails(`${"é".repeat(33)}@x.edu`), []);
    assert.deepEqual(emails(`a@${"d".repeat(64)}.edu`), []);
    assert.deepEqual(emails(`${"n".repeat(5_000)} <a@x.edu>`), []);
  });

  test("addresses that differ in case or composition only are one, as it was written first", () => {
    assert.deepEqual(parseEmails("Jane@x.edu;JANE@X.EDU;zoe\u0308@x.edu;ZO\u00cb@x.edu").emails, [
      { email: "Jane@x.edu", normalized: "jane@x.edu" },
      { email: "zo\u00eb@x.edu", normalized: "zo\u00eb@x.edu" },
    ]);
  });

  test("a person may have 1,000 addresses and more, over the limit the row fails", () => {
    const cell = (count: number): string => Array.from({ length: count }, (_, index) => `a${index}@x.edu`).join(";");
    assert.ok(limits.user.emails >= 1_000);
    assert.equal(emails(cell(limits.user.emails)).length, limits.user.emails);
    assert.equal(parseEmails(cell(limits.user.emails + 1)).failure?.code, "value_invalid");
    assert.equal(parseEmails("x;".repeat(limits.user.emails + 1)).failure?.code, "value_invalid");
  });

  test("line breaks, blanks and slashes separate addresses, which have none of them", () => {
    for (const cell of [
      "a@x.edu\nb@x.edu",
      "a@x.edu\r\nb@x.edu",
      "a@x.edu b@x.edu",
      "a@x.edu / b@x.edu",
      "a@x.edu or b@x.edu",
      "a@x.edu\tb@x.edu",
    ]) {
      assert.deepEqual([emails(cell), parseEmails(cell).issues], [["a@x.edu", "b@x.edu"], []], cell);
    }
    assert.deepEqual(emails("a@x.edu and friends"), []);
  });

  test("smtp: is dropped, SMTP: marks the primary address, and addresses of other systems withdraw nothing", () => {
    const parsed = parseEmails("smtp:b@x.edu;SMTP:a@x.edu;X500:/o=x/cn=a;sip:a@x.edu");
    assert.deepEqual(
      parsed.emails.map(({ email }) => email),
      ["a@x.edu", "b@x.edu"],
    );
    assert.deepEqual([parsed.issues.length, parsed.incomplete], [2, false]);
  });

  test("an order to remove an address never adds it, and an unclear one does nothing", () => {
    for (const cell of ["a@x.edu|delete", "a@x.edu|00002", "delete a@x.edu", "00002 a@x.edu", "a@x.edu (removed)"]) {
      const parsed = parseEmails(cell);
      assert.deepEqual([parsed.emails, parsed.removals?.[0]?.email, parsed.incomplete], [[], "a@x.edu", false], cell);
      assert.deepEqual(
        parsed.issues.map(({ code }) => code),
        ["removal_ordered"],
      );
    }
    for (const cell of ["a@x.edu|del", "a@x.edu|please remove", "00002;a@x.edu", "delete", "nobody|delete"]) {
      const parsed = parseEmails(cell);
      assert.deepEqual([parsed.emails, parsed.removals, parsed.incomplete], [[], undefined, true], cell);
      assert.equal(parsed.issues[0]?.code, "order_unclear", cell);
    }
  });

  test("the ; of an escaped character separates nothing", () => {
    assert.deepEqual(emails("a&amp;b@x.edu;c@x.edu"), ["c@x.edu"]);
    assert.deepEqual(emails("a&b@x.edu;c@x.edu"), ["a&b@x.edu", "c@x.edu"]);
  });

  test("hostile cells are read in linear time", { timeout: 20_000 }, () => {
    const length = limits.xml.valueLength;
    for (const filler of ['"', "a", "@", "a@", "a.", "<", "<a", "-", " ", "é", '"a', 'a"a"', "mailto:", "\u0301"]) {
      parseEmails(filler.repeat(length / filler.length));
      parseEmails(`a@${filler.repeat(length / filler.length)}!`);
      parseEmails(`"${filler.repeat(length / filler.length)}`);
    }
  });

  test("whatever a cell holds, its addresses are taken once each, and read the same again", () => {
    const token = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 12 }),
      fc.emailAddress(),
      fc.constantFrom('"', "a@x.edu", "<", ">"),
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 8 }), (tokens) => {
        const { emails: found, issues, incomplete } = parseEmails(tokens.join(";"));
        if (incomplete) assert.ok(issues.length > 0);
        assert.equal(new Set(found.map(({ normalized }) => normalized)).size, found.length);
        for (const { email, normalized } of found) {
          assert.doesNotMatch(email, /[\p{C}\p{Z}"<>;,]/u);
          assert.equal(normalized, normalized.toLowerCase().normalize("NFC"));
        }
        assert.deepEqual(parseEmails(found.map(({ email }) => email).join(",")).emails, found);
      }),
      property(2_000),
    );
  });
});
