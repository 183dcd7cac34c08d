import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import parsePhoneNumber from "libphonenumber-js/core";
import metadata from "libphonenumber-js/metadata.max.json";
import { readPhoneNumber } from "../../src/intake/phone-numbers.ts";
import { parsePhones } from "../../src/intake/phones.ts";
import { property } from "./support.ts";

/** Warnings about phones that are not taken. */
const leavesOut: readonly string[] = [
  "phone_filler",
  "phone_impossible",
  "phone_damaged",
  "phone_country_unknown",
  "order_unclear",
];

suite("the fast path of calling code 1 and libphonenumber agree", () => {
  const library = (text: string): unknown => {
    const phone = parsePhoneNumber(text, { defaultCallingCode: "1", extract: false }, metadata);
    if (phone === undefined || !phone.isPossible()) return "impossible";
    return { number: phone.number, extension: phone.ext ?? "", valid: phone.isValid() };
  };
  const own = (text: string): unknown => {
    const reading = readPhoneNumber(text, "1");
    if (reading.kind !== "number") return reading.kind;
    return { number: reading.number, extension: reading.extension, valid: reading.valid };
  };
  /** Tells whether digits are filler that the library accepts: one repeated digit, or 1234567890. */
  const isFiller = (digits: string): boolean => /^1?(?:(\d)\1{9}|1234567890)$/.test(digits);

  const areas = metadata.country_calling_codes["1"]!.flatMap((country) => {
    const text = JSON.stringify(metadata.countries[country]);
    return [...text.matchAll(/\b[2-9]\d\d\b/g)].map(([area]) => area);
  });
  const digit = fc.integer({ min: 0, max: 9 }).map(String);
  const digits = (length: number): fc.Arbitrary<string> =>
    fc.array(digit, { minLength: length, maxLength: length }).map((all) => all.join(""));
  const area = fc.oneof(
    digits(3),
    fc.constantFrom(...areas),
    fc.constantFrom("800", "900", "500", "523", "524", "600", "310", "721", "983"),
  );
  const ten = fc.tuple(area, digits(7)).map(([first, rest]) => first + rest);
  const written = fc
    .tuple(ten, fc.constantFrom("", "1", "+1", "1-", "+1 ", "1 "), fc.nat(5))
    .map(([number, prefix, style]) => {
      const [first, second, third] = [number.slice(0, 3), number.slice(3, 6), number.slice(6)];
      const styles = [
        number,
        `${first}-${second}-${third}`,
        `(${first}) ${second}-${third}`,
        `${first}.${second}.${third}`,
      ];
      return prefix + (styles[style] ?? `${first} ${second}${third}`);
    });

  test("on numbers as they are written", () => {
    let valid = 0;
    fc.assert(
      fc.property(written, (text) => {
        fc.pre(!isFiller(text.replace(/\D/g, "")));
        const expected = library(text);
        if (typeof expected === "object" && (expected as { valid: boolean }).valid) valid += 1;
        // the library has no national number that begins with 00 or 011
        fc.pre(!/^\(?0(?:0|11)/.test(text));
        assert.deepEqual(own(text), expected);
      }),
      property(5_000),
    );
    assert.ok(valid > 500, `only ${valid} were valid`);
  });

  test("on strings of digits of nearly the right length", () => {
    fc.assert(
      fc.property(fc.integer({ min: 7, max: 13 }).chain(digits), (text) => {
        fc.pre(!isFiller(text) && !/^0(?:0|11)/.test(text) && !/^(\d)\1*$/.test(text));
        const expected = library(text);
        const actual = own(text);
        assert.deepEqual(actual === "filler" ? "impossible" : actual, expected);
      }),
      property(5_000),
    );
  });

  test("on every area code", () => {
    for (let code = 200; code <= 999; code += 1) {
      for (const rest of ["2345678", "5550123", "0234567", "9991234"]) {
        const text = `${code}${rest}`;
        assert.deepEqual(own(text), library(text), text);
      }
    }
  });
});

suite("properties of phone cells", () => {
  test("whatever a cell holds, its phones are E.164 and every one has a reason", () => {
    const token = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.string({ unit: fc.constantFrom(..."0123456789+-() .x|;,"), maxLength: 30 }),
      fc.constantFrom("2125551234", "+442079460000", "N/A", "||||", ";ext=5", "x12"),
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 6 }), fc.constantFrom("1", "44", "33", "999"), (tokens, countryCode) => {
        const parsed = parsePhones(tokens.join(";"), countryCode);
        for (const phone of parsed.phones) {
          assert.match(phone.number, /^\+[1-9]\d{3,17}$/);
          assert.match(phone.extension, /^\d{0,20}$/);
          if (phone.extension !== "") assert.equal(phone.messageType, 2);
        }
        const left = parsed.issues.some(({ code }) => leavesOut.includes(code));
        assert.equal(parsed.incomplete, left);
        const keys = parsed.phones.map(({ number, extension }) => `${number}x${extension}`);
        assert.equal(new Set(keys).size, keys.length);
      }),
      property(2_000),
    );
  });

  test("what was read reads the same again", () => {
    const number = fc.constantFrom(
      "2125551234",
      "(415) 555-2671 x7",
      "+44 20 7946 0000",
      "5551234567",
      "011 33 6 12 34 56 78",
    );
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 5 }), (cell) => {
        const { phones } = parsePhones(cell.join(";"), "1");
        const again = phones
          .map(
            (phone) =>
              `${phone.number}${phone.extension && ` x${phone.extension}`}|${phone.carrier}|${phone.messageType}||${phone.label}`,
          )
          .join(";");
        assert.deepEqual(parsePhones(again, "1").phones, phones);
      }),
      property(300),
    );
  });
});
