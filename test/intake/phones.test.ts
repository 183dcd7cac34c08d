import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import parsePhoneNumber from "libphonenumber-js/core";
import metadata from "libphonenumber-js/metadata.max.json";
import { limits } from "../../src/intake/limits.ts";
import { readPhoneNumber } from "../../src/intake/phone-numbers.ts";
import { parsePhones } from "../../src/intake/phones.ts";
import { property } from "./support.ts";

const numbers = (value: string, countryCode = "1"): string[] =>
  parsePhones(value, countryCode).phones.map(({ number, extension }) =>
    extension ? `${number}x${extension}` : number,
  );
const codes = (value: string, countryCode = "1"): string[] =>
  parsePhones(value, countryCode).issues.map(({ code }) => code);
/** Warnings about phones that are not taken. */
const leavesOut: readonly string[] = [
  "phone_filler",
  "phone_impossible",
  "phone_damaged",
  "phone_country_unknown",
  "order_unclear",
];
const plain = { extension: "", messageType: 3, label: "cell", carrier: "" };

suite("file formats, section 2: phones", () => {
  test("number|carrier|messageType|countryCode|label are read by position", () => {
    assert.deepEqual(parsePhones("2125551234|Verizon|1|1|work; 0612345678 | | 2 | 33 | Home ", "1"), {
      phones: [
        { number: "+12125551234", extension: "", messageType: 1, label: "work", carrier: "Verizon" },
        { number: "+33612345678", extension: "", messageType: 2, label: "home", carrier: "" },
      ],
      issues: [],
      incomplete: false,
    });
  });

  test("any position may be empty: messageType is then both, the label cell, the country the organization's", () => {
    assert.deepEqual(parsePhones("2125551234", "1").phones, [{ number: "+12125551234", ...plain }]);
    assert.deepEqual(parsePhones("2125551234||||home", "1").phones, [
      { number: "+12125551234", ...plain, label: "home" },
    ]);
    assert.deepEqual(parsePhones("2125551234||||", "1").phones, [{ number: "+12125551234", ...plain }]);
    assert.deepEqual(numbers("020 7946 0000", "44"), ["+442079460000"]);
    assert.deepEqual(parsePhones("2125551234||||other", "1").phones[0]?.label, "other");
  });

  test("a token without a number says nothing", () => {
    for (const value of ["", ";", " ; ;", "|||1|cell", "|Verizon|3||;||||", ","]) {
      assert.deepEqual(parsePhones(value, "1"), { phones: [], issues: [], incomplete: false }, value);
    }
  });

  test("punctuation and a leading 1 on a US number are accepted", () => {
    for (const value of [
      ...[
        "2125551234",
        "12125551234",
        "212-555-1234",
        "(212) 555-1234",
        "(212)555-1234",
        "212.555.1234",
        "212 555 1234",
      ],
      ...["1-212-555-1234", "1 (212) 555-1234", "+1 212 555 1234", "+12125551234", "212/555-1234", "212–555–1234"],
      ...["\u202a+1\u00a0(212)\u00a0555\u20111234\u202c", " 2125551234 ", "２１２５５５１２３４"],
    ]) {
      assert.deepEqual(
        parsePhones(value, "1"),
        { phones: [{ number: "+12125551234", ...plain }], issues: [], incomplete: false },
        value,
      );
    }
  });

  test("+, 00 and 011 begin an international number and win over countryCode", () => {
    for (const value of [
      "+442079460000",
      "00442079460000",
      "01144 20 7946 0000",
      "+44 (0)20 7946 0000",
      "011-44-20-7946-0000",
    ]) {
      assert.deepEqual(numbers(value), ["+442079460000"], value);
      assert.deepEqual(numbers(`${value}|||49|`), ["+442079460000"], value);
    }
    assert.deepEqual(codes("0115551234"), ["phone_impossible"]);
    assert.deepEqual(numbers("001 212 555 1234", "44"), ["+12125551234"]);
    assert.deepEqual(numbers("+1 212 555 1234", "44"), ["+12125551234"]);
  });

  test("where national numbers may begin with 011, a valid one is national", () => {
    assert.deepEqual(numbers("0113 496 0000", "44"), ["+441134960000"]);
    assert.deepEqual(numbers("011 25501234", "91"), ["+911125501234"]);
    assert.deepEqual(numbers("011 1 212 555 1234", "44"), ["+12125551234"]);
  });

  test("the countryCode of a token holds for it alone, with or without +", () => {
    assert.deepEqual(numbers("0612345678|||33;2125551234;0612345678|||+33;0612345678|||0033"), [
      "+33612345678",
      "+12125551234",
    ]);
  });

  test("extensions are kept beside the number, which is then for voice only", () => {
    for (const value of ["212-555-1234 x123", "2125551234x123", "(212) 555-1234 ext. 123", "212-555-1234 EXT 123"]) {
      const [phone] = parsePhones(`${value}||3||work`, "1").phones;
      assert.deepEqual(phone, { number: "+12125551234", extension: "123", messageType: 2, label: "work", carrier: "" });
    }
    assert.deepEqual(numbers("+12125551234;ext=123;2125559999 ; ext=5||1"), ["+12125551234x123", "+12125559999x5"]);
    assert.equal(parsePhones("2125551234 #12|c|1", "1").phones[0]?.messageType, 2);
  });

  test("numbers may be joined by commas, which elsewhere separate nothing", () => {
    assert.deepEqual(numbers("2125551234, 2125559999,2125558888||||home"), [
      "+12125551234",
      "+12125559999",
      "+12125558888",
    ]);
    assert.deepEqual(numbers("2125551234||||home,2125559999||||work"), ["+12125551234", "+12125559999"]);
    assert.equal(parsePhones("2125551234|Verizon, Inc.||", "1").phones[0]?.carrier, "Verizon, Inc.");
    assert.deepEqual(numbers("2125551234, ext. 12"), ["+12125551234x12"]);
    assert.deepEqual(numbers("2125551234, N/A"), ["+12125551234"]);
  });

  test("a possible number is taken, with a warning if it is not valid", () => {
    assert.deepEqual(parsePhones("5551234567", "1"), {
      phones: [{ number: "+15551234567", ...plain }],
      issues: [{ code: "phone_not_valid", field: "phone", details: { value: "5551234567" } }],
      incomplete: false,
    });
    assert.deepEqual(codes("+49 30 12345678"), []);
  });

  test("fillers are reported and left out, and the rest is marked incomplete", () => {
    for (const value of [
      ...[
        "0",
        "0000000000",
        "000-000-0000",
        "1111111111",
        "5555555555",
        "15555555555",
        "+1 (555) 555-5555",
        "(999) 999-9999",
      ],
      ...["1234567890", "(123) 456-7890"],
    ]) {
      const parsed = parsePhones(`${value}||1;2125551234`, "1");
      assert.deepEqual(parsed.issues, [{ code: "phone_filler", field: "phone", details: { value } }], value);
      assert.deepEqual(parsed.phones.length, 1);
      assert.equal(parsed.incomplete, true);
    }
  });

  test("a sequence of digits is a number where such numbers are", () => {
    assert.deepEqual(numbers("01234567890", "44"), ["+441234567890"]);
  });

  test("impossible numbers are reported and left out", () => {
    for (const value of [
      ...["911", "555-1234", "212555123", "21255512345678", "1-800-FLOWERS", "see 4521", "+999 12345678"],
      ...["2125551234 / 9999", `212555${"1".repeat(200)}2`, "2125551234 or later", "2125551234 (fax)", "jane17@x.edu"],
    ]) {
      const parsed = parsePhones(value, "1");
      assert.deepEqual(parsed.phones, [], value);
      assert.deepEqual(
        parsed.issues.map(({ code }) => code),
        ["phone_impossible"],
        value,
      );
      assert.equal(parsed.incomplete, true);
    }
  });

  test("an unknown calling code of the organization makes national numbers impossible, and breaks nothing", () => {
    assert.deepEqual(codes("2125551234", "999"), ["phone_impossible"]);
    assert.deepEqual(numbers("+12125551234", "999"), ["+12125551234"]);
  });

  test("attributes that are not known are reported, and the default is used", () => {
    const parsed = parsePhones("+12125551234|c|4|12345|pager|more", "1");
    assert.deepEqual(parsed.phones, [{ number: "+12125551234", ...plain, carrier: "c" }]);
    assert.deepEqual(parsed.incomplete, false);
    assert.deepEqual(
      parsed.issues.map(({ code, field, details }) => [code, field, details.attribute, details.value, details.used]),
      [
        ["phone_attribute_invalid", "phone", "countryCode", "12345", "the number's own country"],
        ["phone_attribute_invalid", "phone", "sixth position", "more", "nothing"],
        ["phone_attribute_invalid", "phone", "messageType", "4", "3"],
        ["phone_attribute_invalid", "phone", "label", "pager", "cell"],
      ],
    );
    assert.deepEqual(codes("2125551234||||constructor"), ["phone_attribute_invalid"]);
    assert.deepEqual(codes("2125551234||toString"), ["phone_attribute_invalid"]);
    const carrier = parsePhones(`2125551234|${"c".repeat(limits.user.phoneCarrierLength + 1)}`, "1");
    assert.deepEqual([carrier.phones[0]?.carrier, carrier.issues.length], ["", 1]);
  });

  test("a country may be given by its letters or its name", () => {
    for (const country of ["GB", "gb", "UK", "United Kingdom", "GBR", "44", "+44"]) {
      assert.deepEqual(numbers(`020 7946 0958|||${country}`), ["+442079460958"], country);
    }
    assert.deepEqual(numbers("2125550101|||US;4165550101|||Canada"), ["+12125550101", "+14165550101"]);
  });

  test("a national number of a country that cannot be read is left out: its digits are somebody else's elsewhere", () => {
    for (const country of ["ZZ", "England?", "999", "constructor", "toString"]) {
      const parsed = parsePhones(`020 7946 0958|||${country}`, "1");
      assert.deepEqual(
        [parsed.phones, parsed.issues.map(({ code }) => code)],
        [[], ["phone_country_unknown"]],
        country,
      );
      assert.equal(parsed.incomplete, true);
    }
  });

  test("what people write around a number is understood", () => {
    const written: readonly [value: string, expected: string][] = [
      ["2125550101 (cell)", "+12125550101 cell"],
      ["212-555-0101 home", "+12125550101 home"],
      ["(w) 212-555-0101", "+12125550101 work"],
      ["Mobile: (212) 555-0101", "+12125550101 cell"],
      ["office phone: 212.555.0101 x12", "+12125550101x12 work"],
      ["tel:+1-212-555-0101", "+12125550101 cell"],
      ["Tel. 212-555-0101 (x12)", "+12125550101x12 cell"],
      ["212-555-0101 x", "+12125550101 cell"],
      ["212-555-0101;phone-context=+1", "+12125550101 cell"],
      ["２１２－５５５－０１０１", "+12125550101 cell"],
    ];
    for (const [value, expected] of written) {
      const [phone] = parsePhones(value, "1").phones;
      assert.ok(phone, value);
      const number = phone.extension ? `${phone.number}x${phone.extension}` : phone.number;
      assert.equal(`${number} ${phone.label}`, expected, value);
    }
    assert.deepEqual(parsePhones("2125550101 (cell)||||work", "1").phones[0]?.label, "work");
  });

  test("several numbers in a token are told apart", () => {
    for (const value of [
      "2125550101 / 2125550102",
      "212-555-0101 or 212-555-0102",
      "2125550101 & 2125550102",
      "2125550101\n2125550102",
      "+12125550101 +12125550102",
      "2125550101 and 2125550102",
    ]) {
      assert.deepEqual(numbers(value), ["+12125550101", "+12125550102"], value);
    }
    assert.deepEqual(numbers("212/555-0101"), ["+12125550101"]);
    assert.deepEqual(numbers("030/123456", "49"), ["+4930123456"]);
  });

  test("types of messages may be words, and a label in their place is a label", () => {
    const types = ["text", "SMS", "voice", "Both"].map((type) => parsePhones(`2125550101||${type}`, "1").phones[0]);
    assert.deepEqual(
      types.map((phone) => phone?.messageType),
      [1, 1, 2, 3],
    );
    assert.deepEqual(parsePhones("2125550101||Home", "1").phones, [
      { number: "+12125550101", ...plain, label: "home" },
    ]);
    assert.deepEqual(codes("2125550101||Home"), []);
  });

  test("an order to remove a number is never stored as its carrier", () => {
    for (const value of [
      "2125550101|delete",
      "2125550101||||remove",
      "2125550101|00002",
      "2125550101|Verizon|00000",
      "2125550101|DELETED",
      "delete 2125550101",
      "2125550101 (remove)",
      "00002 2125550101",
    ]) {
      const parsed = parsePhones(value, "1");
      assert.deepEqual(parsed.phones, [], value);
      assert.deepEqual(parsed.removals, [{ number: "+12125550101", extension: "" }], value);
      assert.deepEqual(
        parsed.issues.map(({ code }) => code),
        ["removal_ordered"],
        value,
      );
      assert.equal(parsed.incomplete, false, value);
    }
  });

  test("an unclear order is named, and what it is about is neither added nor removed", () => {
    for (const value of [
      "2125550101|del",
      "2125550101|please delete",
      "2125550101|0002",
      "2125550101|2",
      "2125550101|1.0",
      "2125550101|unsubscribe",
      "|delete",
      "delete;2125550101",
      "00002;2125550101",
    ]) {
      const parsed = parsePhones(value, "1");
      assert.deepEqual([parsed.phones, parsed.removals], [[], undefined], value);
      assert.deepEqual(new Set(parsed.issues.map(({ code }) => code)), new Set(["order_unclear"]), value);
      assert.equal(parsed.incomplete, true, value);
    }
    assert.deepEqual(parsePhones("2125550101|Delta Wireless", "1").phones[0]?.carrier, "Delta Wireless");
  });

  test("a number that stands twice is taken once, with what is said of it last", () => {
    const parsed = parsePhones("2125551234|a|1||home;2125559999;+1 212 555 1234|b|2||work;2125551234x1", "1");
    assert.deepEqual(
      parsed.phones.map(({ number, extension, messageType, carrier }) => [number, extension, messageType, carrier]),
      [
        ["+12125551234", "", 2, "b"],
        ["+12125559999", "", 3, ""],
        ["+12125551234", "1", 2, ""],
      ],
    );
  });

  test("a person may have 1,000 phones and more, over the limit the row fails", () => {
    const phone = (index: number): string => `212${String(2_000_000 + index)}`;
    const cell = (count: number): string => Array.from({ length: count }, (_, index) => phone(index)).join(";");
    assert.equal(parsePhones(cell(limits.user.phones), "1").phones.length, limits.user.phones);
    assert.ok(limits.user.phones >= 1_000);
    const over = parsePhones(cell(limits.user.phones + 1), "1");
    assert.deepEqual(over.failure, {
      code: "value_invalid",
      field: "phone",
      details: { field: "phone", reason: "it has more than 2,000 numbers" },
    });
    assert.equal(parsePhones("x;".repeat(limits.user.phones + 1), "1").failure?.code, "value_invalid");
  });

  test("hostile cells are read in linear time", { timeout: 20_000 }, () => {
    const length = limits.xml.valueLength;
    for (const filler of [
      "1|,1",
      ",",
      ",1",
      "|",
      " ",
      "(",
      "+",
      "x",
      "1 ",
      "1,2345678",
      "ext=",
      ";ext=",
      "1|\u00a0",
      "٠",
      "00",
      "-1",
    ]) {
      parsePhones(filler.repeat(length / filler.length), "1");
      parsePhones(`2125551234${filler.repeat(length / filler.length)}`, "1");
      for (let index = 0; index < 50; index += 1) parsePhones(filler.repeat(99 / filler.length), "1");
    }
  });
});

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
  /** What the library doesn't know: one digit over and over, 1234567890. */
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
