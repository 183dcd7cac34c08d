import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parsePhones } from "../../src/intake/phones.ts";

const numbers = (value: string, countryCode = "1"): string[] =>
  parsePhones(value, countryCode).phones.map(({ number, extension }) =>
    extension ? `${number}x${extension}` : number,
  );
const codes = (value: string, countryCode = "1"): string[] =>
  parsePhones(value, countryCode).issues.map(({ code }) => code);
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
      "2125551234",
      "12125551234",
      "212-555-1234",
      "(212) 555-1234",
      "(212)555-1234",
      "212.555.1234",
      "212 555 1234",
      "1-212-555-1234",
      "1 (212) 555-1234",
      "+1 212 555 1234",
      "+12125551234",
      "212/555-1234",
      "212–555–1234",
      "\u202a+1\u00a0(212)\u00a0555\u20111234\u202c",
      " 2125551234 ",
      "２１２５５５１２３４",
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

  test("words around a number are understood: labels, also after an extension, and the schemes of links", () => {
    const read = (text: string) => {
      const [phone] = parsePhones(text, "1").phones;
      return [phone?.number, phone?.extension, phone?.label];
    };
    assert.deepEqual(read("2125550123 ext. 5 (work)"), ["+12125550123", "5", "work"]);
    assert.deepEqual(read("(h) 212-555-0123 (x7)"), ["+12125550123", "7", "home"]);
    for (const text of ["sms:+12125550123", "callto:+12125550123", "tel:212-555-0123 (cell)"]) {
      assert.deepEqual(read(text), ["+12125550123", "", "cell"], text);
    }
    assert.deepEqual(read("fax: 2125550123"), [undefined, undefined, undefined]);
  });

  test("fillers are reported and left out, and the rest is marked incomplete", () => {
    for (const value of [
      "0",
      "0000000000",
      "000-000-0000",
      "1111111111",
      "5555555555",
      "15555555555",
      "+1 (555) 555-5555",
      "(999) 999-9999",
      "1234567890",
      "(123) 456-7890",
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
      "911",
      "555-1234",
      "212555123",
      "21255512345678",
      "1-800-FLOWERS",
      "see 4521",
      "+999 12345678",
      "2125551234 / 9999",
      `212555${"1".repeat(200)}2`,
      "2125551234 or later",
      "2125551234 (fax)",
      "jane17@x.edu",
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
});
