/** Rosters for tests of the guard: CSV of people who are numbered. */

/** A person of a roster; what is absent follows from the number. */
export interface RosterPerson {
  readonly number: number;
  readonly databaseId?: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly userId?: string;
  readonly email?: string;
  readonly phone?: string;
  readonly groups?: string;
}

/** People numbered from `first` to `last`. */
export const people = (first: number, last: number): RosterPerson[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => ({ number: first + index }));

/** The same people, each changed. */
export const changed = (
  roster: readonly RosterPerson[],
  change: (person: RosterPerson) => Partial<RosterPerson>,
): RosterPerson[] => roster.map((person) => ({ ...person, ...change(person) }));

/** The file: databaseIDs have eight digits, so that most begin with zeros. */
export function csv(roster: readonly RosterPerson[]): string {
  const lines = roster.map(({ number, databaseId, firstName, lastName, userId, email, phone, groups }) =>
    [
      databaseId ?? String(number).padStart(8, "0"),
      firstName ?? `First${number}`,
      lastName ?? `Last${number}`,
      email ?? `p${number}@example.edu`,
      userId ?? `user${number}`,
      phone ?? `+1202555${String(number).padStart(4, "0")}`,
      groups ?? "G1",
    ].join(","),
  );
  return `databaseID,firstName,lastName,email,userID,phone,groupID\n${lines.join("\n")}\n`;
}
