import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { limits } from "../../src/intake/limits.ts";
import { parsePhones } from "../../src/intake/phones.ts";

const numbers = (value: string, countryCode = "1"): string[] =>
  parsePhones(value, countryCode).phones.map(({ number, extension }) =>
    extension ? `${number}x${extension}` : number,
  );
const codes = (value: string, countryCode = "1"): string[] =>
  parsePhones(value, countryCode).issues.map(({ code }) => code);
const plain = { extension: "", messageType: 3, label: "cell", carrier: "" };

suite("file formats, section 2: what surrounds a phone number", () => {
  test("attributes that are not known are reported, and the default is used", () => {
    const parsed = parsePhones("+12125551234|c|4|12345|pager|more", "1");
    assert.deepEqual(parsed.phones, [{ number: "+12125551234", ...plain, carrier: "c" }]);
    assert.deepEqual(parsed.incomplete, false);
    assert.deepEqual(
      parsed.issues.map(({ code, field, details }) => [code, field, details.attribute, details.value, details.used]),
      [
        ["phone_attribute_invalid", "phone", "countryCode", "12345", "The number's own country"],
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

  test("keeps a repeated number once, with its last settings", () => {
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
