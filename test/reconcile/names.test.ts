/** The functions by which PostgreSQL compares names and finds lost letters (file formats, sections 4 and 5). */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { damagesText, hasLostLetters } from "../../src/intake/lost-letters.ts";
import { agreement, foldName, type Names, nameAgreement } from "../model/names.ts";
import { damages } from "../model/text.ts";
import { createTestDatabase } from "../support/database.ts";

const { owner } = await createTestDatabase({ after });

/** Compares many pairs in one round trip. */
async function ask<Answer>(expression: string, pairs: readonly (readonly string[])[]): Promise<Answer[]> {
  const { rows } = await owner.query(
    `select ${expression} as answer from jsonb_array_elements($1::jsonb) with ordinality pair (value, place) order by place`,
    [JSON.stringify(pairs)],
  );
  return rows.map(({ answer }) => answer);
}

const damaged = (pairs: readonly (readonly [string, string])[]) =>
  ask<boolean>("damages_text(value ->> 0, value ->> 1)", pairs);
const agree = (pairs: readonly (readonly [Names, Names])[]) =>
  ask<number>(
    "name_agreement(value ->> 0, value ->> 1, value ->> 2, value ->> 3)",
    pairs.map(([one, other]) => [one.first, one.last, other.first, other.last]),
  );

/** Returns a text whose UTF-8 is misread as Windows-1252. */
const misread = (text: string) => new TextDecoder("windows-1252").decode(Buffer.from(text)).trim();

describe("damages_text", () => {
  it("finds U+FFFD, question marks in place of letters, and UTF-8 that was read in another encoding", async () => {
    const pairs = [
      ["Zoë", "Zo\ufffd"],
      ["Zoe", "Zoe\ufffd"],
      ["Müller", "M?ller"],
      ["Müller", "M??ller"],
      ["Иван Петров", "???? ??????"],
      ["李", "?"],
      ["Doe", "D?e"],
      ["Müller", "MÃ¼ller"],
      ["Müller", misread("MÃ¼ller")],
      ["Ângela", misread("Ângela")],
      ["Voilà", misread("Voilà")],
      ["O’Néill", misread("O’Néill")],
      ["Иван", misread("Иван")],
      ["Müller", "M├╝ller"],
      ["Müller", "M√ºller"],
      ["Müller", "MĂĽller"],
      ["1 Weg|Köln|NW|DE|50667", "1 Weg|K?ln|NW|DE|50667"],
      ["1 Weg|Köln|NW|DE|50667", "2 Allee|KÃ¶ln|NW|DE|50668"],
    ] as const;
    const found = await damaged(pairs);
    assert.deepEqual(
      pairs.filter((_, index) => !found[index]),
      [],
    );
    assert.deepEqual(
      pairs.filter(([stored, sent]) => !damages(stored, sent)),
      [],
    );
    assert.deepEqual(
      pairs.filter(([stored, sent]) => !stored.includes("|") && !damagesText(stored, sent)),
      [],
    );
  });

  it("lets other changes pass, and the repair of lost letters", async () => {
    const pairs = [
      ["Müller", "Muller"],
      ["Muller", "Müller"],
      ["Müller", "Möller"],
      ["Müller", "Mueller"],
      ["M?ller", "Müller"],
      ["MÃ¼ller", "Müller"],
      ["M\ufffdller", "Müller"],
      ["O'Brien", "O’Brien"],
      ["María José", "Mª José"],
      ["Ann", "Annë"],
      ["", "Zo?"],
      ["Zoë", "Zoë"],
      ["Doe", "Roe?"],
      ["Who?", "Whom?"],
    ] as const;
    const found = await damaged(pairs);
    assert.deepEqual(
      pairs.filter((_, index) => found[index]),
      [],
    );
    assert.deepEqual(
      pairs.filter(([stored, sent]) => damages(stored, sent) || damagesText(stored, sent)),
      [],
    );
  });

  it("agrees with the model on any two texts", async () => {
    const text = fc.string({ unit: fc.constantFrom(..."aë?Ã¼ü\ufffd|%_\\ é"), maxLength: 6 });
    const pairs = fc.sample(fc.tuple(text, text), { seed: 20261201, numRuns: 3000 });
    const close = pairs.map(([text]) => [text, text.replace("ë", "?").replace("ü", "Ã¼")] as [string, string]);
    for (const some of [pairs, close])
      assert.deepEqual(
        await damaged(some),
        some.map(([stored, sent]) => damages(stored, sent)),
      );
  });
});

const fold = (names: readonly string[]) =>
  ask<string>(
    "folded_name(value ->> 0)",
    names.map((name) => [name]),
  );

describe("folded_name", () => {
  const spellings = [
    ["zoe", "Zoë", "ZOË", "Zoe\u0308", "Ｚｏｅ", " Zoe ", "Z\u200boe"],
    ["isik", "Işık", "IŞIK", "ışık", "İşik", "ISIK"],
    ["strasse", "Straße", "STRASSE", "STRAẞE"],
    ["dangthihong", "Đặng Thị Hồng", "ĐẶNG THỊ HỒNG", "Dang Thi Hong"],
    ["lodz", "Łódź", "LODZ"],
    ["soren", "Søren", "SØREN"],
    ["aesa", "Æsa", "AESA", "ǼSA"],
    ["obrien", "O'Brien", "O’Brien", "OʼBRIEN", "O Brien", "OBrien"],
    ["annemarie", "Anne-Marie", "ANNE MARIE", "Anne‐Marie", "Anne–Marie", "Annemarie"],
    ["jrsmith", "J.R. Smith", "JR Smith"],
    ["νικοσ", "Νίκος", "ΝΙΚΟΣ"],
    ["李小龙", "李小龙", "李 小龙"],
    ["fischer", "ﬁscher", "Fischer"],
    ["-", "-"],
    ["", ""],
  ] as const;
  it("ignores case, accents, width, blanks, hyphens and apostrophes", async () => {
    for (const [folded, ...names] of spellings) {
      assert.deepEqual(
        await fold(names),
        names.map(() => folded),
      );
      assert.deepEqual(
        names.map(foldName),
        names.map(() => folded),
      );
    }
  });

  it("keeps letters apart", async () => {
    const names = [
      "か",
      "が",
      "ハ",
      "パ",
      "й",
      "и̂",
      "김",
      "기",
      "کریم",
      "Müller",
      "Mueller",
      "Jan",
      "Ján1",
      "नि",
      "नी",
    ];
    assert.deepEqual(await fold(names), names.map(foldName));
    assert.equal(new Set(names.map(foldName)).size, names.length - 1, "all but й and и̂");
  });

  it("agrees with the model on any name", async () => {
    const letters = [
      ..."aAzÀÉëñøØŁłđĐıİIißẞæÆŒþÐςΣσ'’ʼ-‐–. \u00a0\u0301\u0323\u1dc4\u200dＡｚ李が한Ǆﬁﬀ½²ªº™ŉſ\u00ad`´",
    ];
    const name = fc.oneof(
      fc.string({ unit: fc.constantFrom(...letters), maxLength: 6 }),
      fc.string({
        unit: fc.integer({ min: 0x20, max: 0x17ff }).map((code) => String.fromCodePoint(code)),
        maxLength: 4,
      }),
    );
    const names = fc.sample(name, { seed: 20261201, numRuns: 4000 });
    assert.deepEqual(await fold(names), names.map(foldName));
  });
});

describe("lost letters of a name that nothing is compared with", () => {
  it("show in signs that no language has", () => {
    const lost = [
      "M\ufffdller",
      "M?ller",
      "MÃ¼ller",
      "Ã–sterreich",
      "Å¡koda",
      "M├╝ller",
      "M√ºller",
      misread("Иван"),
      misread("Éa"),
    ];
    assert.deepEqual(
      lost.filter((text) => !hasLostLetters(text)),
      [],
    );
    const intact = [
      "Müller",
      "Who?",
      "?",
      "Ârea",
      "São",
      "ÅSE",
      "Ð",
      "√2",
      "R&D",
      "K–12",
      "Иван",
      "Ñandú",
      "CRS-101 (A)",
    ];
    assert.deepEqual(intact.filter(hasLostLetters), []);
  });
});

describe("name_agreement", () => {
  const names = (first: string, last = ""): Names => ({ first, last });
  const { differs, unnamed, firstName, bothNames } = agreement;
  const cases: readonly (readonly [number, Names, Names])[] = [
    [bothNames, names("Zoë", "Ash"), names("ZOE", "ash")],
    [bothNames, names("Ann", "Ash"), names("ash", "Ann")],
    [bothNames, names("Cher"), names("", "Cher")],
    [bothNames, names("", "Cher"), names("", "cher")],
    [firstName, names("Zoë", "Ash"), names("ZOE", "Birch")],
    [firstName, names("Zoë"), names("ZOE", "Birch")],
    [firstName, names("Ann", "Ash"), names("", "Ann")],
    [unnamed, names(""), names("")],
    [unnamed, names("Ann", "Ash"), names("")],
    [differs, names("Ann", "Ash"), names("-")],
    [differs, names("Ann", "Ash"), names("Bob", "Ash")],
    [differs, names("", "Ash"), names("Bob", "Ash")],
    [differs, names("Ann", "Ash"), names("Ash", "Birch")],
  ];
  it("ranks both names in either order above the first name; a shared last name is not enough", async () => {
    const expected = cases.map(([agreeing]) => agreeing);
    assert.deepEqual(await agree(cases.map(([, one, other]) => [one, other])), expected);
    assert.deepEqual(await agree(cases.map(([, one, other]) => [other, one])), expected);
  });

  it("agrees with the model on any names", async () => {
    const name = fc.constantFrom("", "-", "Ann", "ANN", "Änn", "Ash", "ash", "İ", "Σας");
    const person = fc.record({ first: name, last: name });
    const pairs = fc.sample(fc.tuple(person, person), { seed: 20261201, numRuns: 2000 });
    assert.deepEqual(
      await agree(pairs),
      pairs.map(([one, other]) => nameAgreement(one, other)),
    );
  });
});
