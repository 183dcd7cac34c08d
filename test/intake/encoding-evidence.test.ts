/** File formats, section 1.5: the encoding of a file that names none. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { highCharacters, type SingleByteEncoding } from "../../src/intake/conversions.ts";
import { damageOf } from "../../src/intake/damage.ts";
import { createDecoder } from "../../src/intake/decode.ts";
import type { EncodingOptions } from "../../src/intake/encoding.ts";

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
    ["windows-1250", "Hungarian", "Erdős,Szűcs,e@x.edu\nGergő,Kovács,g@x.edu\nÁgnes,Fűzfa,a@x.edu\n"],
    ["windows-1250", "Croatian", "Marko,Jurić,m@x.edu\nIvana,Babić,i@x.edu\nŽeljko,Perković,z@x.edu\n"],
    ["windows-1250", "Romanian", "Ionuţ,Bălan,i@x.edu\nŞtefan,Vlăduţ,s@x.edu\n"],
    ["windows-1252", "Portuguese", "João,Simões,j@x.edu\nInês,Guimarães,i@x.edu\nAndré,Lôbo,a@x.edu\n"],
    ["windows-1252", "Estonian", "Tõnu,Mägi,t@x.edu\nÜlle,Põld,u@x.edu\nJüri,Kask,j@x.edu\nÄrni,Jõgi,a@x.edu\n"],
    ["windows-1252", "French with û", "Benoît,Brûlé,b@x.edu\nHélène,Lefèvre,h@x.edu\nFrançois,Dupuis,f@x.edu\n"],
    [
      "windows-1252",
      "Icelandic",
      "Þorsteinn,Þráinsson,t@x.edu\nGuðrún,Sigurðardóttir,g@x.edu\nÁsþór,Björnsson,a@x.edu\n",
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
    const estonianOrHungarian = Buffer.from("T\xf5nu", "latin1");
    const turkish = encode("Barýþ\nÇaðlayanoðlu\nYýldýz", "windows-1252");
    assert.throws(() => decode(Buffer.concat([Buffer.from("firstName\n"), estonianOrHungarian])), {
      detail: /in no other encoding, or in several.*charset=/,
    });
    assert.throws(() => decode(Buffer.concat([Buffer.from("firstName\n"), turkish])), { code: "encoding_invalid" });
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

describe("a file of UTF-8 that the sender declares to be something else", () => {
  const utf8 = Buffer.from(`${header}Zoë,Müller,z@x.edu\n`);
  const read = (bytes: Uint8Array, options: Partial<EncodingOptions>) => {
    const decoder = createDecoder(() => 1, { xml: false, ...options });
    const text = decoder.write(bytes) + decoder.end().text;
    return { text, encoding: decoder.encoding, overruled: decoder.overruled };
  };

  test("is read as UTF-8, and the reading names what was declared", () => {
    for (const charset of ["windows-1252", "iso-8859-15", "iso-8859-2", "windows-1250", "macintosh"] as const) {
      assert.deepEqual(read(utf8, { charset }), { text: utf8.toString(), encoding: "utf-8", overruled: charset });
    }
    const document = Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><users><x>Zoë</x></users>');
    for (const charset of ["windows-1252", undefined] as const) {
      const found = read(document, { xml: true, charset });
      assert.deepEqual(found, { text: document.toString(), encoding: "utf-8", overruled: "windows-1252" });
    }
  });

  test("keeps what is declared if its words look right so", () => {
    for (const text of ["José,Núñez\n", "“JOÃ”,Ash\n", "Ann,Ash\n", "Ã, ©\n"]) {
      const bytes = encode(text, "windows-1252");
      assert.deepEqual(read(bytes, { charset: "windows-1252" }), {
        text,
        encoding: "windows-1252",
        overruled: undefined,
      });
    }
  });

  test("has its one foreign byte noted, and the other letters read right", () => {
    const mixed = Buffer.concat([
      Buffer.from("Zoë,Müller,José,Núñez,Ærø,Łódź,Дима\n"),
      Buffer.from("Jos\xe9 \n", "latin1"),
    ]);
    const { text, encoding } = read(mixed, { charset: "windows-1252" });
    assert.deepEqual([encoding, damageOf(text, "utf-8")?.text.includes("Zoë,Müller")], ["utf-8", true]);
  });

  test("is refused if the source's setting declares it", () => {
    assert.throws(() => read(Buffer.from("Zoë,Müller,José\n"), { pinned: "windows-1252" }), {
      code: "encoding_invalid",
      detail: /not in Windows-1252, although the setting of the source says so: .* characters of UTF-8/,
    });
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
