import type { SourceRecord } from "../../src/intake/records.ts";
import type { UserField } from "../../src/person/fields.ts";

/** The document that a sender would post for these records (file formats, section 1), one record a line. */
export function renderXml(records: readonly SourceRecord[]): string {
  const element = ([name, value]: [string, string]) => `<${name}>${escapeXml(value)}</${name}>`;
  const users = records.map(({ values }) => `<user>${fieldsOf(values).map(element).join("")}</user>\n`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<users type="array">\n${users.join("")}</users>\n`;
}

const fieldsOf = (values: SourceRecord["values"]) => Object.entries(values) as [UserField, string][];

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
