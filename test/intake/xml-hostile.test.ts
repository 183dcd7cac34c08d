import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { MusterError } from "../../src/errors.ts";
import { assertRefused, problemOf, property, readUsers, users } from "./support.ts";

suite("what is not well-formed is refused whole", () => {
  const wrong = "xml_not_well_formed";

  test("a document cut at any byte is never accepted", async () => {
    const document = Buffer.from(
      users(
        "<firstName>Zoë</firstName><!-- c --><email a='1' b=\"2\">a@x.edu;é😀</email>",
        "<x><y/></x><phone>1&amp;&#233;2</phone><![CDATA[ ]]><?p i?>",
      ).trimEnd(),
    );
    assert.equal((await readUsers(document)).length, 2);
    for (let length = 0; length < document.length; length += 1) {
      const problem = await problemOf(document.subarray(0, length));
      assert.equal(problem.code, length === 0 ? "document_empty" : "xml_cut_off", `${length}: ${problem.message}`);
    }
  });

  test("end tags must match, in case too", async () => {
    await assertRefused(users("<email>a</phone>"), wrong, { line: 3 });
    await assertRefused(users("<email>a</EMAIL>"), wrong);
    await assertRefused(users("<email>a"), wrong);
    await assertRefused(users("</email>"), wrong);
    await assertRefused('<users type="array"><user></users>', wrong);
    assert.match((await problemOf(users("<email>a"))).detail, /does not match <email>/);
  });

  test("there is one root and nothing after it", async () => {
    await assertRefused(`${users("")}<users type="array"/>`, wrong);
    await assertRefused(`${users("")}x`, wrong, { line: 5, column: 1 });
    await assertRefused(`${users("")}&amp;`, wrong);
    await assertRefused(`${users("")}<![CDATA[]]>`, wrong);
    await assertRefused(`${users("")}</users>`, wrong);
    await assertRefused(`${users("")}\u0000x`, wrong);
    assert.equal((await readUsers(`${users("")}<!-- end --><?p?>\n\r\n\t `)).length, 1);
    assert.equal((await readUsers(`${users("")}\u001a\u0000\u0000`)).length, 1);
  });

  test("files that are not XML are refused", async () => {
    await assertRefused('{"users":[{"email":"a@x.edu"}]}', wrong, { line: 1, column: 1 });
    await assertRefused("Jane,Doe,jane@x.edu\n", wrong, { line: 1, column: 1 });
    await assertRefused("<users", "xml_cut_off");
    await assertRefused("\n<?xml version='1.0'?><users/>", wrong);
  });

  test("a bare & is refused at its own place, however far the next semicolon is", async () => {
    await assertRefused(users("<lastName>AT&T</lastName>"), wrong, { line: 3, column: 21 });
    await assertRefused(users("<lastName>AT&T</lastName><email>a;b</email>"), wrong, { line: 3, column: 21 });
    await assertRefused(users("<lastName>\nSmith & Sons</lastName>", "<email>a;b</email>"), wrong, {
      line: 4,
      column: 7,
    });
    await assertRefused(users('<a href="?a=1&b=2"/>'), wrong, { line: 3, column: 22 });
    await assertRefused(users("<lastName>é😀&</lastName>"), wrong, { line: 3, column: 21 });
    const late = `<users type="array"><user><lastName>R&D</lastName></user>${"<user></user>".repeat(200_000)}`;
    assert.deepEqual((await problemOf(late)).place, { line: 1, column: 38 });
    assert.match((await problemOf(late)).detail, /Write it as &amp;/);
    await assertRefused(users("<lastName>&;</lastName>"), wrong);
    await assertRefused(users("<lastName>& amp;</lastName>"), wrong);
  });

  test("an & in a comment, instruction or CDATA section starts no reference", async () => {
    await assertRefused(users("<!-- & --><email>a</phone>"), wrong, { column: 34 });
    await assertRefused(users("<?p & ?><!-- &b --><email>a</phone>"), wrong, { column: 43 });
    await assertRefused(users("<email><![CDATA[ & ]]>a</phone>"), wrong, { column: 39 });
    await assertRefused(users("<email>a</email><!-- R&D"), "xml_cut_off");
  });

  test("a bare < and ]]> in text are refused", async () => {
    await assertRefused(users("<lastName>1 < 2</lastName>"), wrong, { line: 3 });
    await assertRefused(users("<lastName>a]]>b</lastName>"), wrong);
    await assertRefused(users("<lastName>a]]&gt;b]]]>b</lastName>"), wrong);
  });

  test("attributes must be quoted and different", async () => {
    await assertRefused("<users type=array><user/></users>", wrong);
    await assertRefused('<users type="array" type="array"><user/></users>', wrong);
    await assertRefused('<users type="array><user/></users>', wrong);
    await assertRefused('<users type="a<b"><user/></users>', wrong);
  });

  test("characters that XML 1.0 forbids are refused, written out and as references", async () => {
    for (const code of [0x0, 0x1, 0x8, 0xb, 0xc, 0x1e, 0x1f, 0xfffe, 0xffff]) {
      await assertRefused(users(`<lastName>${String.fromCodePoint(code)}</lastName>`), wrong, { line: 3, column: 19 });
      await assertRefused(users(`<lastName>&#${code};</lastName>`), wrong);
      await assertRefused(users(`<lastName>&#x${code.toString(16)};</lastName>`), wrong);
    }
    await assertRefused(users("<lastName>&#xD800;</lastName>"), wrong);
    await assertRefused(users("<lastName>&#x110000;</lastName>"), wrong);
    await assertRefused(users(`<lastName>&#${"9".repeat(1_000)};</lastName>`), wrong);
  });

  test("XML 1.1 is refused, for it would let control characters in", async () => {
    for (const version of ["1.1", "1.2"]) {
      await assertRefused(`<?xml version="${version}"?><users type="array"><user><a>&#1;</a></user></users>`, wrong);
    }
    await assertRefused('<?xml version="2.0"?><users type="array"/>', wrong);
  });

  test("line breaks of every kind count as one line", async () => {
    for (const lineBreak of ["\n", "\r\n", "\r"]) {
      const document = `<users type="array">${lineBreak}${lineBreak} <user/><x/></users>`;
      await assertRefused(document, "document_structure_wrong", { line: 3, column: 9 });
    }
  });

  test("random bytes never end in anything but a problem", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        assert.ok((await problemOf(bytes)) instanceof MusterError);
      }),
      property(1_000),
    );
  });

  test("random markup is refused or read, and never breaks the reader", async () => {
    const token = fc.constantFrom(
      '<users type="array">',
      "</users>",
      "<user>",
      "</user>",
      "<email>",
      "</email>",
      "<email/>",
      "<!--",
      "-->",
      "<?p",
      "?>",
      "<![CDATA[",
      "]]>",
      "<!DOCTYPE users",
      "[",
      "]",
      ">",
      "<",
      "&",
      "&amp;",
      ";",
      '"',
      "'",
      "=",
      "a",
      " ",
      "\n",
      "\r",
      "é",
      "😀",
    );
    let read = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(token, { maxLength: 12 }), fc.boolean(), async (tokens, framed) => {
        const document = framed ? users(tokens.join("")) : tokens.join("");
        const records = await readUsers(document).catch((error: unknown) => {
          if (!(error instanceof MusterError)) throw error;
        });
        if (records !== undefined) read += 1;
      }),
      property(3_000),
    );
    assert.ok(read > 0);
  });
});

suite("nothing expands and nothing is fetched", () => {
  test("a document type declaration is refused, whatever is in it", async () => {
    const laughs = Array.from(
      { length: 9 },
      (_, index) => `<!ENTITY l${index + 1} "${`&l${index};`.repeat(10)}">`,
    ).join("\n");
    for (const doctype of [
      "<!DOCTYPE users>",
      "<!DOCTYPE html>",
      '<!DOCTYPE users SYSTEM "file:///etc/passwd">',
      '<!DOCTYPE users [<!ENTITY x SYSTEM "http://127.0.0.1/">]>',
      '<!DOCTYPE users [<!ENTITY % x SYSTEM "http://127.0.0.1/x.dtd">%x;]>',
      `<!DOCTYPE users [<!ENTITY l0 "lol">${laughs}]>`,
      "<!-- a --><?p?>\n<!DOCTYPE users [<!-- don't --> <!ATTLIST users type CDATA 'array'>]>",
      "<!DOCTYPE users [ ' ",
    ]) {
      await assertRefused(
        `${doctype}<users type="array"><user><email>&l9;</email></user></users>`,
        "xml_doctype_forbidden",
      );
    }
  });

  test("an entity that XML doesn't have is refused by name, with place", async () => {
    const forbidden = "xml_entity_forbidden";
    await assertRefused(users("<lastName>a&nbsp;b</lastName>"), forbidden, { line: 3, column: 25 });
    await assertRefused(users("<lastName>&eacute;</lastName>"), forbidden);
    await assertRefused(users("<lastName>&AMP;</lastName>"), forbidden);
    await assertRefused(users("<lastName>&constructor;&__proto__;</lastName>"), forbidden);
    await assertRefused(users('<email kind="&x;"/>'), forbidden);
    assert.match((await problemOf(users("<lastName>a &amp; b&nbsp;c</lastName>"))).detail, /: &nbsp; is no entity/);
  });
});
