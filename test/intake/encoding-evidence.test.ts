/** File formats, section 1.5: the encoding of a file that names none. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { highCharacters, type SingleByteEncoding } from "../../src/intake/conversions.ts";
import { damageOf } from "../../src/intake/damage.ts";
import { createDecoder } from "../../src/intake/decode.ts";

/** The bytes of a text, by the tables whose correctness decode.test.ts checks. */
function encode(text: string, encoding: SingleByteEncoding): Buffer {
  const table = highCharacters(encoding);
  return Buffer.from(
    [...text].map((character) => {
      if (character <= "\u007f") return character.charCodeAt(0);
      const index = table.indexOf(character);
      assert.ok(index >= 0, `${character} is not in ${encoding}`);
      return 0x80 + index;
    }),
  );
}

function decode(bytes: Uint8Array): { text: string; encoding: string } {
  const decoder = createDecoder(() => 1, { xml: false });
  const text = decoder.write(bytes) + decoder.end().text;
  return { text, encoding: decoder.encoding };
}

const header = "firstName,lastName,email\n";

describe("the encoding of a file that names none is told by its words:", () => {
  const files: readonly (readonly [SingleByteEncoding, string, string])[] = [
    ["windows-1252", "Spanish", "José,Núñez,j@x.edu\nMaría,Íñiguez,m@x.edu\n"],
    [
      "windows-1252",
      "German",
      "Jürgen,Müller–Lüdenscheidt,j@x.edu\nÄnne,Weiß,a@x.edu\nÖ,GROẞ,o@x.edu\n".replace("ẞ", "ß"),
    ],
    ["windows-1252", "Danish", "Søren,Kjærgaard,s@x.edu\nÅse,Ørsted,a@x.edu\n"],
    ["windows-1252", "capitals", "JOSÉ,NUÑEZ,j@x.edu\nÁNGEL,PÉREZ,a@x.edu\n"],
    ["windows-1252", "signs", "Sean,O’Brien,s@x.edu\nMª,“Bud” Smith,b@x.edu\nAnn,Ash – Jr…,5 €\n"],
    [
      "windows-1250",
      "Czech",
      "Jiří,Dvořák,j@x.edu\nTomáš,Novák,t@x.edu\nLukáš,Černý,l@x.edu\nŠárka,Růžičková,s@x.edu\nVěra,Krejčí,v@x.edu\n",
    ],
    ["windows-1252", "Catalan", "Èlia,Bellvís,e@x.edu\nMontserrat,Agustí,m@x.edu\nLaia,Solà,l@x.edu\n"],
    [
      "windows-1252",
      "Nordic",
      "Søren,Ørsted,s@x.edu\nBjörk,Guðmundsdóttir,b@x.edu\nBjørn,Åse,a@x.edu\nRené,Lønning,r@x.edu\n",
    ],
    ["windows-1252", "Italian", "Nicolò,Forlì,n@x.edu\nPapà,Più,p@x.edu\nLuca,Caffè,l@x.edu\n"],
    ["macintosh", "Spanish", "José,Núñez,j@x.edu\nZoë,Luk,z@x.edu\n"],
    ["macintosh", "German", "Jürgen,Müller,j@x.edu\nJörg,Jäger,a@x.edu\n"],
    ["macintosh", "capitals", "JOSÉ,NUÑEZ,j@x.edu\nANDRÉ,LEÓN,a@x.edu\n"],
    ["macintosh", "one name", "José,Ash,j@x.edu\n"],
    ["ibm850", "Spanish", "José,Núñez,j@x.edu\nMaría,García,m@x.edu\n"],
    ["ibm850", "German", "Jürgen,Müller,j@x.edu\nJörg,Jäger,a@x.edu\n"],
    ["ibm850", "one name", "Jurgen,Müller,j@x.edu\n"],
    ["ibm850", "capitals", "JOSÉ,NUÑEZ,j@x.edu\n"],
    ["windows-1250", "Polish", "Wałęsa,Śląski,a@x.edu\nDąbrowska,Żak,b@x.edu\nGrzegorz,Brzęczyszczykiewicz,c@x.edu\n"],
    ["iso-8859-2", "Polish", "Wałęsa,Śląski,a@x.edu\nDąbrowska,Żak,b@x.edu\nZięba,Łoś,c@x.edu\n"],
    ["iso-8859-15", "French", "Cœur,Le Bœuf,c@x.edu\nFrançois,Lefèvre,f@x.edu\nSœur,Œillet,s@x.edu\n"],
  ];
  for (const [encoding, language, rows] of files) {
    test(`${encoding}, ${language}`, () => {
      const read = decode(encode(header + rows, encoding));
      assert.deepEqual(read, { text: header + rows, encoding });
    });
  }

  test("CR line ends mean a classic Mac program", () => {
    const rows = "firstName\rJörg\rSchröder\r";
    assert.deepEqual(decode(encode(rows, "macintosh")), { text: rows, encoding: "macintosh" });
    const others = "firstName\rJosé\rAndré\r";
    assert.deepEqual(decode(encode(others, "windows-1252")), { text: others, encoding: "windows-1252" });
  });

  test("a file whose words look right in several encodings, or in none, is refused with its line", () => {
    for (const bytes of [Buffer.of(0x41, 0x88, 0x61), Buffer.of(0x41, 0x81, 0xff, 0x81, 0x41)]) {
      const file = Buffer.concat([Buffer.from("firstName\nAnn\n"), bytes, Buffer.from("\n")]);
      assert.throws(() => decode(file), {
        code: "encoding_invalid",
        detail:
          /^Line 3 contains the byte 0x8[18], which is not UTF-8, .*Export the file as UTF-8, or name its encoding/,
        place: { line: 3 },
      });
    }
  });
});

describe("a file of UTF-8 stays UTF-8", () => {
  const people = ["Zoë,Müller", "José,Núñez", "Łukasz,Żak", "王,小明", "Иван,Петров", "Νίκος,Παππάς"].map(
    (name) => `${name}\n`,
  );

  test("however few of its characters are beyond ASCII", () => {
    for (const person of people) assert.equal(decode(Buffer.from(header + person)).encoding, "utf-8");
  });

  test("when one byte in it is not, before or after those that are", () => {
    const strange = Buffer.from("Jos\xe9,Ash\n", "latin1");
    for (const person of people) {
      for (const file of [
        [header, person, strange],
        [header, strange, person],
        [header, strange, ...people],
      ]) {
        const { text, encoding } = decode(Buffer.concat(file.map((part) => Buffer.from(part as string))));
        assert.equal(encoding, "utf-8");
        assert.equal(damageOf(text, encoding)?.what, "the byte 0xE9, which is not UTF-8");
        assert.ok(damageOf(text, encoding)?.text.includes(`Jos\ufffd,Ash\n`));
      }
    }
  });

  test("but French of MacRoman is not, although ’é is a character of UTF-8 there", () => {
    const rows = `${header}L’été,L’école,l@x.edu\nRené,Lefèvre,f@x.edu\n`;
    assert.deepEqual(decode(encode(rows, "macintosh")), { text: rows, encoding: "macintosh" });
  });

  test("when the first character beyond ASCII comes late", () => {
    const rows = `${header}${"Ann,Ash,a@x.edu\n".repeat(100_000)}${people.join("")}`;
    assert.equal(decode(Buffer.from(rows)).text, rows);
  });
});
