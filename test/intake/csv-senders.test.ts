/** CSV as programs write it (file formats, section 1.3). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assertRead, assertRefused, read } from "./csv-of-senders.ts";

const ann = { firstName: "Ann", email: "a@x.edu", databaseID: "1" };
const bob = { firstName: "Bob", email: "b@x.edu", databaseID: "2" };
const header = "firstName,email,databaseID\n";
const rows = "Ann,a@x.edu,1\nBob,b@x.edu,2\n";

describe("cells at the end of a row", () => {
  test("that are blank and have no column say nothing", async () => {
    await assertRead(`${header}Ann,a@x.edu,1,\nBob,b@x.edu,2,,, ,\n`, [ann, bob]);
    await assertRead(`firstName,email,databaseID,,\n${rows}`, [ann, bob]);
    await assertRead(`firstName,email,databaseID,\nAnn,a@x.edu,1,\nBob,b@x.edu,2`, [ann, bob]);
  });

  test("that are missing are absent, not blank", async () => {
    const text = "firstName,email,databaseID,phone,campusName\nAnn,a@x.edu,1\nBob,b@x.edu,2,,\n";
    await assertRead(text, [ann, { ...bob, phone: "", campusName: "" }]);
    const positions = "Ann,Ash,a@x.edu,aash,,G1,1\nBob,Birch,b@x.edu\n";
    const { records } = await read(positions);
    assert.deepEqual(records[1]?.values, { firstName: "Bob", lastName: "Birch", email: "b@x.edu" });
  });

  test("that have a value and no column fail the row", async () => {
    for (const row of ["Ann,a@x.edu,1,x\n", "Ann,a@x.edu,1,,x\n", "Ash, Jr,a@x.edu,1\n"]) {
      const { records } = await read(header + row + rows);
      assert.equal(records[0]?.failure?.code, "columns_differ");
      assert.deepEqual(
        records.slice(1).map(({ values }) => values),
        [ann, bob],
      );
    }
  });

  test("of a header that are blank do not make the last row look cut off", async () => {
    await assertRead(`firstName,email,databaseID,\n${rows.trimEnd()}`, [ann, bob]);
    await assert.rejects(read(`${header}Ann,a@x.edu,1\nBob,b@x.edu`), { code: "csv_cut_off" });
  });
});

describe("lines before the header", () => {
  test("sep= of Excel names the delimiter", async () => {
    await assertRead(`sep=;\n${(header + rows).replaceAll(",", ";")}`, [ann, bob], ["sep=;"]);
    await assertRead(`\ufeffSEP=,\r\n${header + rows}`, [ann, bob], ["SEP=,"]);
    await assertRead(`"sep=|"\n${(header + rows).replaceAll(",", "|")}`, [ann, bob], ['"sep=|"']);
    await assertRead(`sep=\t\n${(header + rows).replaceAll(",", "\t")}`, [ann, bob], ["sep=[U+0009]"]);
    const positions = "sep=;\nAnn;Ash;a@x.edu;aash\n";
    const person = { firstName: "Ann", lastName: "Ash", email: "a@x.edu", userID: "aash" };
    await assertRead(positions, [person], ["sep=;"]);
    await assertRead(Buffer.from(`\ufeff${positions}`, "utf16le"), [person], ["sep=;"]);
    await assertRefused(`sep=^\n${header}`, /^Line 1: "sep=\^" names a delimiter that Muster does not read/);
  });

  test("skips the #TYPE line of PowerShell and the messages of sqlcmd", async () => {
    const type = "#TYPE System.Management.Automation.PSCustomObject";
    await assertRead(`${type}\n${header}${rows}`, [ann, bob], [type]);
    await assertRead(
      `#TYPE Selected.Microsoft.ActiveDirectory.Management.ADUser\r\n"firstName","email"\r\n"Ann","a"\r\n`,
      [{ firstName: "Ann", email: "a" }],
      ["#TYPE Selected.Microsoft.ActiveDirectory.Management.ADUser"],
    );
    const context = "Changed database context to 'campus'.";
    await assertRead(`\n${context}\n${header}${rows}`, [ann, bob], [context]);
  });

  test("rows keep their lines", async () => {
    const { records, reading } = await read(`sep=,\r\n#TYPE x\r\n\r\n${header}Ann,a,1\n"B\nb",b,2\nCy,c,3\n`);
    assert.deepEqual(
      records.map(({ line }) => line),
      [5, 6, 8],
    );
    assert.deepEqual(
      reading.passedOver?.map(({ line }) => line),
      [1, 2],
    );
  });

  test("a title refuses the file, and the message quotes it and says where the header is", async () => {
    await assertRefused(
      `Student Roster Fall 2026\n\n${header}${rows}`,
      /^Line 1 is "Student Roster Fall 2026", and the header is in line 3\. Remove the lines/,
    );
    await assertRefused(`Report: Students;;\nRun: 30 Nov;;\n${header.replaceAll(",", ";")}`, /^Line 1 is .* line 3\./);
    await assertRefused(
      `Banner 9\t\u200b\r\n${header}${rows}`,
      /^Line 1 is "Banner 9\[U\+0009\]\[U\+200B\]", .* line 2\./,
    );
  });
});

describe("a header in words that Muster does not know", () => {
  test("refuses the file, and is never a person", async () => {
    const german = "Vorname,Nachname,E-Mail-Adresse,Kennung,Telefon,Gruppe,Matrikelnummer\nAnn,Ash,a@x.edu,aash,,G,1\n";
    await assertRefused(
      german,
      /^Line 1: the first row looks like a header.*: Vorname, Nachname, E-Mail-Adresse, .*Rename/,
    );
    await assertRefused(
      german.replaceAll(",", ";"),
      /one column only: "Vorname;Nachname.* separated by semicolons: send a header row/,
    );
    await assertRefused("Prénom,Nom,Courriel,Identifiant\nAnn,Ash,a@x.edu,aash\n", /Prénom, Nom, Courriel/);
    await assertRefused("名,姓,邮箱,学号\nAnn,Ash,a@x.edu,1\n", /名, 姓, 邮箱, 学号/);
    await assertRefused("Nombre,Apellido 1,Correo 1,Usuario\nAnn,Ash,a@x.edu,1\n", /Apellido 1/);
  });

  test("but a person without an e-mail address is a person", async () => {
    for (const email of ["", "none", "N/A", "-", "ann ash at x.edu 12345"]) {
      const { records } = await read(`Ann,Ash,${email},aash,,Staff\nBob,Birch,b@x.edu,bb,,Staff\n`);
      assert.deepEqual([records.length, records[0]?.values.email], [2, email]);
    }
    const pinned = await read("Ann,Ash,Mail,aash\n", { header: false });
    assert.equal(pinned.records.length, 1);
  });

  test("is refused when no column could name a person", async () => {
    await assertRefused(
      "firstName,lastName,Kennung\nAnn,Ash,1\n",
      /no column for an e-mail, userID or databaseID.* firstName, lastName, Kennung/,
    );
    const fields = { databaseID: "ID", firstName: "FIRST", lastName: "LAST" };
    await assertRefused("FIRST,LAST,Key\nAnn,Ash,1\n", /no column for an e-mail/, { fields });
    await assertRead("FIRST,ID\nAnn,1\n", [{ firstName: "Ann", databaseID: "1" }], [], { fields });
  });
});

describe("lines around the rows", () => {
  test("the ruler and the count of sqlcmd are passed over", async () => {
    await assertRead(
      `${header}---------,-----,----------\n${rows}\n(2 rows affected)\n`,
      [ann, bob],
      ["---------,-----,----------", "(2 rows affected)"],
    );
    const fixed = `firstName ,email   ,databaseID\n----------,--------,----------\nAnn       ,a@x.edu ,         1\n`;
    await assertRead(fixed, [ann], ["----------,--------,----------"]);
  });

  test("counts, ends and totals after the rows are passed over, with and without a line end", async () => {
    for (const footer of [
      "(2 row(s) affected)",
      "(1,234 rows affected)",
      "2 rows selected.",
      "2 records exported",
      "(2 rows)",
      "End of Report",
      "*** END OF FILE ***",
      "EOF",
      "Completion time: 2026-11-30T02:00:00.1234567-05:00",
      "Total: 2",
      "Total,,2",
      "Grand total",
      "Records: 2",
      '"Total records","2"',
      "1 row in set (0.00 sec)",
      "2 rows in set, 1 warning (0.01 sec)",
      "Query OK, 2 rows affected (0.01 sec)",
      "2 record(s) selected.",
      "COPY 2",
      "Rows: 2",
      "Number of records: 2",
      "-- End of report --",
      "Page 1 of 3",
      "--- Page 1 ---",
      "Generated on 12/1/2026",
      "Run Date: 2026-12-01 02:00",
      "Generated by SIS, 12/1/2026",
      "Report run on,2026-12-01",
      "===========",
    ]) {
      for (const end of ["\n", "", "\r\n\r\n"]) {
        await assertRead(header + rows + footer + end, [ann, bob], [footer.replaceAll('"', "")]);
      }
    }
  });

  test("but a row with more content, or before other rows, is a row", async () => {
    const total = { firstName: "Total", email: "t@x.edu", databaseID: "3" };
    await assertRead(`${header}${rows}Total,t@x.edu,3\n`, [ann, bob, total]);
    await assertRead(`${header}Total,,3\n${rows}`, [{ firstName: "Total", email: "", databaseID: "3" }, ann, bob]);
    await assertRead(`lastName,databaseID\nDate,900123\nPage,1\n`, [
      { lastName: "Date", databaseID: "900123" },
      { lastName: "Page", databaseID: "1" },
    ]);
    const { records } = await read(`${header}${rows}Students of the fall\n`);
    assert.deepEqual([records.length, records[2]?.failure?.code], [3, "columns_differ"]);
  });

  test("lines of a report between the rows are passed over, however many cells they have", async () => {
    const wide = "firstName,email,databaseID,phone,groupID\n";
    const [a, b] = [ann, bob].map((person) => ({ ...person, phone: "", groupID: "G" }));
    for (const line of [
      "Page 1 of 3,,,,",
      "Generated on 12/1/2026,,,,",
      ",,,Page 2,",
      "First name ,EMAIL,databaseID,phone,groupID",
    ]) {
      const same = line.startsWith("First") ? line.replace("First name ", "FirstName ") : line;
      const text = `${wide}Ann,a@x.edu,1,,G\n${same}\nBob,b@x.edu,2,,G\nTotal:,2,,,\n`;
      await assertRead(text, [a!, b!], [same, "Total:,2,,,"]);
    }
  });

  test("the columns in another order refuse the file", async () => {
    await assertRefused(
      `${header}Ann,a@x.edu,1\ndatabaseID,firstName,email\n2,Bob,b@x.edu\n`,
      /^Line 3 is another header: "databaseID,firstName,email".*one by one/,
    );
  });

  test("the header of a second file that was appended is passed over", async () => {
    await assertRead(`${header}Ann,a@x.edu,1\n${header}Bob,b@x.edu,2\n`, [ann, bob], ["firstName,email,databaseID"]);
  });

  test("a file of a header and a footer has nobody", async () => {
    await assert.rejects(read(`${header}---,---,---\n\n(0 rows affected)\n`), { code: "document_empty" });
  });
});
