import type { Random } from "./random.ts";

/** A person of a file, by their number in the source. */
export interface FilePerson {
  readonly number: number;
  readonly lastName: string;
}

/** The groups that files put people into; imports create them. */
export const importedGroupIds = ["IMP-A", "IMP-B", "IMP-C", "IMP-D"] as const;

/** Writes a file of people of a source, as XML or CSV; the same people are always written alike. */
export function writeFile(source: string, people: readonly FilePerson[], format: "xml" | "csv"): string {
  const rows = people.map(({ number, lastName }) => {
    const name = `${source}${number}`;
    return {
      firstName: `First${number}`,
      lastName,
      email: `${name}@example.edu`,
      userID: name,
      groupID: [
        ...new Set([number % 4, (number * 7) % 3].map((index) => importedGroupIds[index])),
        // A group of the file's own, which the import creates.
        ...(lastName.startsWith("Import") ? [`IMP-${lastName}`] : []),
      ].join(";"),
      databaseID: `${source}-${String(number).padStart(6, "0")}`,
      campusName: `Campus ${number % 3}`,
    };
  });
  if (format === "csv") {
    const names = Object.keys(rows[0]!);
    return `${[names, ...rows.map((row) => Object.values(row))].map((cells) => cells.join(",")).join("\n")}\n`;
  }
  const items = rows.map(
    (row) =>
      `<user>${Object.entries(row)
        .map(([name, value]) => `<${name}>${value}</${name}>`)
        .join("")}</user>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<users type="array">\n${items.join("\n")}\n</users>\n`;
}

/** The knowledge of a writer of imports about its sources: the people in the last roster, and the names. */
export interface Campus {
  readonly roster: Map<number, string>;
  readonly others: Map<number, string>;
  next(): number;
}

/** A file to be imported. */
export interface PlannedFile {
  readonly source: string;
  readonly style: "normal" | "active-roster";
  readonly format: "xml" | "csv";
  readonly people: readonly FilePerson[];
}

/** The sources: one of rosters, and one of files that only add and change. */
export const sources = ["roster", "others"] as const;

/** A campus begins with nobody. */
export function createCampus(): Campus {
  let number = 0;
  return {
    roster: new Map(),
    others: new Map(),
    next: () => {
      number += 1;
      return number;
    },
  };
}

/** Decides on the next file. Now and then a roster lacks so many people that it is held. */
export function planFile(random: Random, campus: Campus, largest: number): PlannedFile {
  const format = random.pick(["xml", "csv"] as const);
  const marker = `Import${campus.next()}`;
  if (random.chance(0.5)) {
    const size = random.pick([1, 7, 50, 300, largest]);
    const first = random.between(1, largest);
    const people = Array.from({ length: size }, (_, index) => {
      const number = first + index;
      const lastName = random.chance(0.3) ? marker : (campus.others.get(number) ?? "Roe");
      campus.others.set(number, lastName);
      return { number, lastName };
    });
    return { source: "others", style: "normal", format, people };
  }
  const known = [...campus.roster.keys()];
  const leaves = new Set(random.some(known, random.chance(0.4) ? Math.floor(known.length / 2) : 2));
  const last = known.at(-1) ?? 0;
  const comes = Array.from({ length: random.between(1, 40) }, (_, index) => last + 1 + index);
  const people = [...known.filter((number) => !leaves.has(number)), ...comes].map((number) => ({
    number,
    lastName: random.chance(0.1) ? marker : (campus.roster.get(number) ?? "Doe"),
  }));
  campus.roster.clear();
  for (const { number, lastName } of people) campus.roster.set(number, lastName);
  return { source: "roster", style: "active-roster", format, people };
}
