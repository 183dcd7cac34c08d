/** Random series of files, as sources send them night after night. */
import fc from "fast-check";
import type { SourceRecord } from "../../src/intake/records.ts";
import type { Style } from "../../src/organizations/settings.ts";
import { imports, sourceNumbers } from "../model/generate.ts";

/** A file, who sends it, and how it is to be processed. */
export interface Sent {
  readonly source: number;
  readonly style: Style;
  readonly records: readonly SourceRecord[];
}

/** Rosters of people who can all be added, night after night another part of them: people go and come back. */
const rosters: fc.Arbitrary<Sent[]> = fc
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

/** Files that have nothing to do with each other, or files of the same few records, as a campus sends them every night. */
export const series: fc.Arbitrary<Sent[]> = fc.oneof(
  rosters,
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
