/** The functions by which PostgreSQL compares names and finds lost letters (file formats, sections 4 and 5). */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { damages, type Names, namesAgree } from "../model/text.ts";
import { createTestDatabase } from "../support/database.ts";

const { owner } = await createTestDatabase({ after });

/** Compares many pairs in one round trip. */
async function ask(expression: string, pairs: readonly (readonly string[])[]): Promise<boolean[]> {
  const { rows } = await owner.query(
    `select ${expression} as answer from jsonb_array_elements($1::jsonb) with ordinality pair (value, place) order by place`,
    [JSON.stringify(pairs)],
  );
  return rows.map(({ answer }) => answer);
}

const damaged = (pairs: readonly (readonly [string, string])[]) => ask("damages_text(value ->> 0, value ->> 1)", pairs);
const agree = (pairs: readonly (readonly [Names, Names])[]) =>
  ask(
    "names_agree(value ->> 0, value ->> 1, value ->> 2, value ->> 3)",
    pairs.map(([one, other]) => [one.first, one.last, other.first, other.last]),
  );

/** What a text becomes when its UTF-8 is read as Windows-1252. */
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
      pairs.filter(([stored, sent]) => damages(stored, sent)),
      [],
    );
  });

  it("says of any two texts what the model says", async () => {
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

describe("names_agree", () => {
  const names = (first: string, last = ""): Names => ({ first, last });
  it("compares first names without case and accents, and both names in swapped order", async () => {
    const agreeing = [
      [names("Zoë", "Ash"), names("ZOE", "Birch")],
      [names("Ann", "Ash"), names("ash", "Ann")],
      [names("Cher"), names("", "Cher")],
      [names("", "Cher"), names("", "cher")],
    ] as const;
    const differing = [
      [names("Ann", "Ash"), names("Bob", "Ash")],
      [names("", "Ash"), names("Bob", "Ash")],
      [names(""), names("")],
      [names("Ann", "Ash"), names("Ash", "Birch")],
    ] as const;
    assert.deepEqual(await agree(agreeing), [true, true, true, true]);
    assert.deepEqual(await agree(differing), [false, false, false, false]);
  });

  it("says of any names what the model says", async () => {
    const name = fc.constantFrom("", "Ann", "ANN", "Änn", "Ash", "ash", "İ", "Σας");
    const person = fc.record({ first: name, last: name });
    const pairs = fc.sample(fc.tuple(person, person), { seed: 20261201, numRuns: 2000 });
    assert.deepEqual(
      await agree(pairs),
      pairs.map(([one, other]) => namesAgree(one, other)),
    );
  });
});
