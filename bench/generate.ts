import { hash } from "node:crypto";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Campus, type CampusPerson, type CampusPhone, createCampus, type Day } from "./campus.ts";

/** How many rows a table must hold, and the sum of the rows' digests ({@link digest}), whatever their order. */
export interface TableFacts {
  readonly rows: number;
  readonly checksum: number;
}

export const campusTables = ["users", "emails", "phones", "memberships"] as const;
export type CampusTable = (typeof campusTables)[number];

/** A day's files, and what a database that loaded them must hold. */
export interface DayFiles {
  readonly xml: string;
  readonly csv: string;
  readonly xmlBytes: number;
  readonly csvBytes: number;
  readonly tables: Readonly<Record<CampusTable, TableFacts>>;
  /** People who are added, changed or gone since the day before; on the first day, all. */
  readonly changes: number;
}

/**
 * Writes a day's feed as XML and as CSV without a header row (file formats, section 1), a megabyte at a time.
 *
 * @param directory must exist; files of the same name are replaced
 */
export async function writeDay(campus: Campus, day: Day, directory: string): Promise<DayFiles> {
  const xml = await openText(join(directory, `day-${day}.xml`));
  const csv = await openText(join(directory, `day-${day}.csv`));
  const tables = { users: newTally(), emails: newTally(), phones: newTally(), memberships: newTally() };
  xml.add('<?xml version="1.0" encoding="UTF-8"?>\n<users type="array">\n');
  for (const person of campus.peopleOn(day)) {
    const fields = toFields(person);
    xml.add(toXml(fields));
    csv.add(toCsv(fields));
    tallyPerson(tables, person);
    if (xml.isFull()) await Promise.all([xml.flush(), csv.flush()]);
  }
  xml.add("</users>\n");
  const [xmlBytes, csvBytes] = [await xml.close(), await csv.close()];
  const { joined, left, fieldChanged, groupsChanged } = campus.movements;
  const changes = day === 1 ? campus.people : joined + left + fieldChanged + groupsChanged;
  return { xml: xml.path, csv: csv.path, xmlBytes, csvBytes, tables, changes };
}

/** The columns of the feed with their values, in their order, which is the order of the XML's elements too. */
export type Fields = readonly (readonly [name: string, value: string])[];

export function toFields(person: CampusPerson): Fields {
  return [
    ["firstName", person.firstName],
    ["lastName", person.lastName],
    ["email", person.emails.join(";")],
    ["userID", person.userID],
    ["phone", person.phones.map(toPhoneToken).join(";")],
    ["groupID", person.groups.join(";")],
    ["databaseID", person.databaseID],
    ["address", person.address],
    ["customFields", person.customFields],
    ["campusName", person.campusName],
    ["showAllGroups", person.showAllGroups],
  ];
}

/** `number|carrier|messageType|countryCode|label`; a phone without anything special is its number alone. */
function toPhoneToken(phone: CampusPhone): string {
  const isPlain = phone.messageType === 3 && phone.label === "cell";
  return isPlain ? phone.number : `${phone.number}||${phone.messageType}||${phone.label}`;
}

export function toXml(fields: Fields): string {
  const elements = fields.map(([name, value]) => `    <${name}>${escapeXml(value)}</${name}>\n`);
  return `  <user>\n${elements.join("")}  </user>\n`;
}

function escapeXml(value: string): string {
  return /[&<>]/.test(value) ? value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;") : value;
}

export function toCsv(fields: Fields): string {
  const cells = fields.map(([, value]) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value));
  return `${cells.join(",")}\n`;
}

interface Tally {
  rows: number;
  checksum: number;
}

const newTally = (): Tally => ({ rows: 0, checksum: 0 });

function tallyPerson(tables: Record<CampusTable, Tally>, person: CampusPerson): void {
  const key = person.databaseID;
  const count = (table: CampusTable, ...values: readonly (string | number)[]) => {
    tables[table].rows += 1;
    tables[table].checksum += digest([key, ...values].join("\t"));
  };
  const emails = person.emails.map((email) => email.toLowerCase());
  const { firstName, lastName, userID, address, customFields, campusName, showAllGroups } = person;
  count("users", userID, firstName, lastName, emails[0]!, address, customFields, campusName, showAllGroups);
  for (const email of emails) count("emails", email);
  for (const phone of person.phones) count("phones", `+1${phone.number}`, phone.messageType, phone.label);
  for (const group of person.groups) count("memberships", group);
}

/** The first 32 bits of the MD5 of a row's text. Sums of them stay exact far beyond a million rows. */
function digest(row: string): number {
  return Number.parseInt(hash("md5", row, "hex").slice(0, 8), 16);
}

/** Opens a text file that is written in large pieces. */
export async function openText(path: string, encoding: BufferEncoding = "utf8") {
  const file: FileHandle = await open(path, "w");
  let pending: string[] = [];
  let length = 0;
  let bytes = 0;
  const flush = async () => {
    const buffer = Buffer.from(pending.join(""), encoding);
    pending = [];
    length = 0;
    bytes += buffer.length;
    await file.write(buffer);
  };
  return {
    path,
    add(text: string): void {
      pending.push(text);
      length += text.length;
    },
    isFull: () => length > 1_048_576,
    flush,
    /** @returns the size in bytes */
    async close(): Promise<number> {
      await flush();
      await file.close();
      return bytes;
    },
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      people: { type: "string", default: "10000" },
      seed: { type: "string", default: "1" },
      directory: { type: "string", default: "data/bench" },
    },
  });
  const campus = createCampus({ people: Number(values.people), seed: Number(values.seed) });
  await mkdir(values.directory, { recursive: true });
  const days = [await writeDay(campus, 1, values.directory), await writeDay(campus, 2, values.directory)];
  const { people, seed, groups, movements } = campus;
  process.stdout.write(`${JSON.stringify({ people, seed, groups, movements, days }, null, 2)}\n`);
}
