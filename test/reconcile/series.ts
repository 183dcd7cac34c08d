/** Random series of files, as sources send them night after night. */
import fc from "fast-check";
import type { SourceRecord } from "../../src/intake/records.ts";
import { type Style, styles } from "../../src/organizations/settings.ts";
import { imports, sourceNumbers } from "../model/generate.ts";

/** A file, who sends it, and how it is to be processed. */
export interface Sent {
  readonly source: number;
  readonly style: Style;
  readonly records: readonly SourceRecord[];
}

/**
 * Rosters of people who can all be added, each night another part of them. A person with a databaseID or a userID
 * besides the e-mail and the name comes back.
 */
export const rosters: fc.Arbitrary<Sent[]> = fc
  .tuple(
    imports,
    fc.constantFrom("active-roster" as const, "purge" as const),
    fc.array(fc.uniqueArray(fc.nat(4), { minLength: 2, maxLength: 4 }), { minLength: 3, maxLength: 4, size: "max" }),
    fc.constantFrom("databaseID" as const, "userID" as const, "email" as const),
  )
  .map(([{ records, source }, style, nights, identifier]) =>
    nights.map((present) => ({
      source,
      style,
      records: present.map((index, place) => {
        const email = `r${index}@x.edu`;
        const identified = { databaseID: `R${index}`, userID: `r${index}`, email }[identifier];
        const { databaseID: _, userID: __, ...values } = records[index % records.length]!.values;
        return {
          row: place + 1,
          line: 3 + place,
          values: { ...values, email, firstName: "Ann", groupID: "G1", [identifier]: identified },
        };
      }),
    })),
  );

/** Enrolments of people who are known well, so that most rows are as the night before and are passed over. */
const enrolments: fc.Arbitrary<Sent[]> = fc
  .record({
    source: fc.constantFrom(...Object.values(sourceNumbers)),
    style: fc.constantFrom(...styles),
    first: fc.array(fc.constantFrom("G1", "G2", "G1;G2", "STATIC", "G1|2", ""), { minLength: 4, maxLength: 4 }),
    changes: fc.array(
      fc.record({
        who: fc.nat(3),
        groupID: fc.oneof(
          fc.constantFrom(null, "G1", "G2", "G1;G2", "STATIC", "G1|00002", "G1|7"),
          // these are created, if the settings have it
          fc.constantFrom("CRS-1", "CRS-2;G1", "CRS-2|1", "CRS-3;G2|2"),
        ),
      }),
      { minLength: 2, maxLength: 5, size: "max" },
    ),
  })
  .map(({ source, style, first, changes }) => {
    const nights: (string | null)[][] = [first];
    for (const { who, groupID } of changes) nights.push(nights.at(-1)!.with(who, groupID));
    return nights.map((groups) => ({
      source,
      style,
      records: groups
        .flatMap((groupID, who) =>
          groupID === null
            ? []
            : [{ databaseID: `E${who}`, userID: `e${who}`, firstName: "Ann", email: `e${who}@x.edu`, groupID }],
        )
        .map((values, place) => ({ row: place + 1, line: 3 + place, values })),
    }));
  })
  .map((nights) => nights.filter(({ records }) => records.length > 0));

/** Files of people who share addresses: what tells them apart is mostly the name. */
export const families: fc.Arbitrary<Sent[]> = fc
  .record({
    source: fc.constantFrom(...Object.values(sourceNumbers)),
    style: fc.constantFrom(...styles),
    nights: fc.array(
      fc.array(
        fc.record(
          {
            databaseID: fc.constantFrom("F1", "F2"),
            userID: fc.constantFrom("f1", "f2"),
            email: fc.constantFrom("a@x.edu", "a@x.edu", "A@x.edu", "b@x.edu"),
            name: fc.constantFrom(
              "Ann Doe",
              "ÄNN DOE",
              "Ann",
              "Doe Ann",
              "Bob Doe",
              "Bob Roe",
              "Cyd",
              "Zoë Doe",
              "Zo? Doe",
              "Zo?",
              "-",
              "",
            ),
            groupID: fc.constantFrom("G1", "G1", "G2", "00000", "00002;G1", "00001"),
          },
          { requiredKeys: ["email", "name", "groupID"] },
        ),
        { minLength: 1, maxLength: 6 },
      ),
      { minLength: 1, maxLength: 3 },
    ),
    identified: fc.constantFrom(0, 0, 2),
  })
  .map(({ source, style, nights, identified }) =>
    nights.map((records) => ({
      source,
      style,
      records: records.map(({ databaseID, userID, ...values }, place) => ({
        row: place + 1,
        line: 3 + place,
        // Most rows have nothing but an e-mail.
        values:
          place < identified ? { ...(databaseID && { databaseID }), ...(userID && { userID }), ...values } : values,
      })),
    })),
  );

/** Files that have nothing to do with each other, or files of the same few records, as a campus sends them every night. */
export const series: fc.Arbitrary<Sent[]> = fc.oneof(
  rosters,
  enrolments,
  families,
  fc.array(imports, { minLength: 1, maxLength: 3 }),
  fc
    .tuple(
      imports,
      fc.constantFrom(...Object.values(sourceNumbers)),
      fc.array(fc.array(fc.nat(5), { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 4 }),
    )
    .map(([{ records, source, style }, other, picks]) =>
      picks.map((indexes, night) => ({
        source: night === 2 ? other : source,
        style,
        records: indexes.map((index, place) => ({
          row: place + 1,
          line: 3 + place,
          values: records[index % records.length]!.values,
        })),
      })),
    ),
);
