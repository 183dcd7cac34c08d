import { areaCodes, campusNames, firstNames, lastNames, places, streets, subjects, years } from "./campus-names.ts";

/** A phone of the campus; only what differs from the feed's defaults is written into the file. */
export interface CampusPhone {
  /** Ten digits of a US number that is valid by the numbering plan. */
  readonly number: string;
  /** 1 text, 2 voice, 3 both. */
  readonly messageType: 1 | 2 | 3;
  readonly label: "home" | "work" | "cell" | "other";
}

/** A person as the student information system would send it. */
export interface CampusPerson {
  readonly firstName: string;
  readonly lastName: string;
  /** One or two; the first is the primary one. */
  readonly emails: readonly string[];
  readonly userID: string;
  /** One or two. */
  readonly phones: readonly CampusPhone[];
  /** Two to five. */
  readonly groups: readonly string[];
  /** Nine digits, the first of them zero. */
  readonly databaseID: string;
  /** Five parts joined by |. */
  readonly address: string;
  /** Joined by |. */
  readonly customFields: string;
  readonly campusName: string;
  readonly showAllGroups: "0" | "1";
}

/** The first night's file, or the second's. */
export type Day = 1 | 2;

/** The changes of people between the two days. */
export interface Movements {
  readonly joined: number;
  readonly left: number;
  /** People of whom one value changes. */
  readonly fieldChanged: number;
  /** People who leave one group and join another. */
  readonly groupsChanged: number;
}

/** A made-up campus: the same for the same size and seed, on every machine. */
export interface Campus {
  readonly people: number;
  readonly seed: number;
  readonly groups: number;
  readonly movements: Movements;
  /** The people of a day, in the order of the file. */
  peopleOn(day: Day): Iterable<CampusPerson>;
}

/** The kinds of change between the days for a person of the first day. */
const fate = { stays: 0, leaves: 1, changesField: 2, changesGroups: 3 } as const;

/**
 * Makes a campus of `people` persons and a fiftieth as many groups. On the second day 0.5 % join, 0.5 % leave, 2 %
 * change a field and 3 % change groups (different persons, so that the numbers add up).
 *
 * @param people at least 200, so that each of the movements moves somebody
 */
export function createCampus({ people, seed }: { people: number; seed: number }): Campus {
  if (!Number.isInteger(people) || people < 200 || people > 10_000_000) {
    throw new RangeError(`A campus has 200 to 10,000,000 people, not ${people}.`);
  }
  const groups = Math.max(10, Math.round(people / 50));
  const movements: Movements = {
    joined: Math.round(people * 0.005),
    left: Math.round(people * 0.005),
    fieldChanged: Math.round(people * 0.02),
    groupsChanged: Math.round(people * 0.03),
  };
  const fates = drawFates(people, seed, movements);

  function* peopleOn(day: Day): Iterable<CampusPerson> {
    for (let index = 0; index < people; index += 1) {
      if (day === 2 && fates[index] === fate.leaves) continue;
      const person = makePerson(index, seed, groups);
      if (day === 2 && fates[index] === fate.changesField) yield changeField(person, index, seed);
      else if (day === 2 && fates[index] === fate.changesGroups) yield changeGroups(person, index, seed, groups);
      else yield person;
    }
    if (day === 1) return;
    for (let index = people; index < people + movements.joined; index += 1) yield makePerson(index, seed, groups);
  }
  return { people, seed, groups, movements, peopleOn };
}

/** Marks who leaves and who changes: the head of a shuffled list (Fisher and Yates), as long as needed. */
function drawFates(people: number, seed: number, movements: Movements): Uint8Array {
  const random = createRandom(seed, 0xfa7e5);
  const order = Uint32Array.from({ length: people }, (_, index) => index);
  const fates = new Uint8Array(people);
  let position = 0;
  const draw = (count: number, which: number) => {
    for (const end = position + count; position < end; position += 1) {
      const other = position + random.below(people - position);
      const drawn = order[other]!;
      order[other] = order[position]!;
      fates[drawn] = which;
    }
  };
  draw(movements.left, fate.leaves);
  draw(movements.fieldChanged, fate.changesField);
  draw(movements.groupsChanged, fate.changesGroups);
  return fates;
}

interface RandomSource {
  /** An integer from 0 up to, but not including, the limit. */
  below(limit: number): number;
  /** True in so many of a hundred cases. */
  percent(share: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
}

/** Mulberry32, one stream for each pair of numbers, so that a person does not depend on those before it. */
function createRandom(seed: number, stream: number): RandomSource {
  let state = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(stream + 1, 0xc2b2ae35)) | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  next();
  return {
    below: (limit) => Math.floor(next() * limit),
    percent: (share) => next() * 100 < share,
    pick: (items) => items[Math.floor(next() * items.length)]!,
  };
}

function makePerson(index: number, seed: number, groups: number): CampusPerson {
  const random = createRandom(seed, index);
  const firstName = random.pick(firstNames);
  const lastName = makeLastName(random);
  const userID = `${plain(firstName).slice(0, 1)}${plain(lastName).slice(0, 7)}${index}`;
  return {
    firstName,
    lastName,
    emails: [
      `${userID.slice(0, 1).toUpperCase()}${userID.slice(1)}@northlake.edu`,
      ...(random.percent(30) ? [makeFurtherEmail(firstName, lastName, String(index), random)] : []),
    ],
    userID,
    phones: makePhones(random),
    groups: makeGroups(random, groups),
    databaseID: makeDatabaseID(index),
    address: makeAddress(random),
    customFields: makeCustomFields(random),
    campusName: random.pick(campusNames),
    showAllGroups: random.percent(25) ? "1" : "0",
  };
}

/** One value becomes another one. Never the primary e-mail, which a feed does not replace. */
function changeField(person: CampusPerson, index: number, seed: number): CampusPerson {
  const random = createRandom(seed ^ 0x2da7, index);
  const [firstPhone, ...otherPhones] = person.phones as [CampusPhone, ...CampusPhone[]];
  switch (random.below(5)) {
    case 0:
      return { ...person, lastName: another(person.lastName, () => makeLastName(random)) };
    case 1: {
      const numbers = person.phones.map((phone) => phone.number);
      const number = another(numbers, () => makeNumber(random));
      return { ...person, phones: [{ ...firstPhone, number }, ...otherPhones] };
    }
    case 2:
      return { ...person, address: another(person.address, () => makeAddress(random)) };
    case 3:
      return { ...person, customFields: another(person.customFields, () => makeCustomFields(random)) };
    default: {
      const further = another(person.emails, () =>
        makeFurtherEmail(person.firstName, person.lastName, `${index}.new`, random),
      );
      return { ...person, emails: [person.emails[0]!, further] };
    }
  }
}

/** One group is left, another one joined. */
function changeGroups(person: CampusPerson, index: number, seed: number, groups: number): CampusPerson {
  const random = createRandom(seed ^ 0x960, index);
  const left = random.below(person.groups.length);
  const joined = another(person.groups, () => makeGroup(random, groups));
  return { ...person, groups: [...person.groups.filter((_, position) => position !== left), joined] };
}

/** Draws until there is something else than what there is. */
function another(present: string | readonly string[], draw: () => string): string {
  for (;;) {
    const drawn = draw();
    if (typeof present === "string" ? drawn !== present : !present.includes(drawn)) return drawn;
  }
}

/** Scatters the numbers, so that the file is not sorted by its key. 7,919 has no factor in common with 10^8. */
function makeDatabaseID(index: number): string {
  return String((index * 7_919 + 1_234_567) % 100_000_000).padStart(9, "0");
}

function makeLastName(random: RandomSource): string {
  const name = random.pick(lastNames);
  return random.percent(6) ? `${name}-${random.pick(lastNames)}` : name;
}

/** Letters a to z alone, lower case: what a login name is made of. */
function plain(name: string): string {
  return name
    .replaceAll("ß", "ss")
    .normalize("NFD")
    .replace(/[^A-Za-z]/g, "")
    .toLowerCase();
}

function makeFurtherEmail(firstName: string, lastName: string, suffix: string, random: RandomSource): string {
  return `${plain(firstName)}.${plain(lastName)}.${suffix}@${random.pick(["gmail.com", "outlook.com", "yahoo.com"])}`;
}

function makePhones(random: RandomSource): CampusPhone[] {
  const first: CampusPhone = { number: makeNumber(random), messageType: 3, label: "cell" };
  if (!random.percent(32)) return [first];
  const second: CampusPhone = {
    number: another(first.number, () => makeNumber(random)),
    messageType: 2,
    label: random.pick(["home", "work"]),
  };
  return [first, second];
}

/** NPA-NXX-XXXX with an area code that is in use; the exchange is no service code (N11) and not the fictional 555. */
function makeNumber(random: RandomSource): string {
  const area = random.pick(areaCodes);
  let exchange: number;
  do exchange = 200 + random.below(800);
  while (exchange % 100 === 11 || exchange === 555);
  return `${area}${exchange}${String(random.below(10_000)).padStart(4, "0")}`;
}

function makeGroups(random: RandomSource, groups: number): string[] {
  const share = random.below(100);
  const count = share < 40 ? 2 : share < 70 ? 3 : share < 90 ? 4 : 5;
  const tokens: string[] = [];
  while (tokens.length < count) tokens.push(another(tokens, () => makeGroup(random, groups)));
  return tokens;
}

/** The lower a group's number, the larger it is: a few class years and residences, many courses. */
function makeGroup(random: RandomSource, groups: number): string {
  const number = Math.floor((random.below(1_000_000) / 1_000_000) ** 2 * groups);
  return `${number < groups / 100 ? "RES" : "CRS"}-${String(number).padStart(5, "0")}`;
}

function makeAddress(random: RandomSource): string {
  const [city, state, zip] = random.pick(places);
  const unit = random.percent(30) ? `, Apt ${1 + random.below(60)}` : "";
  const zipCode = String(Number(zip) + random.below(60)).padStart(5, "0");
  return `${1 + random.below(2_400)} ${random.pick(streets)}${unit}|${city}|${state}|USA|${zipCode}`;
}

function makeCustomFields(random: RandomSource): string {
  return `${random.pick(years)}|${random.pick(subjects)}|${String(random.below(1_000_000)).padStart(6, "0")}`;
}
