/** Limits of an XML document. Lengths are in characters (UTF-16 code units). */
export interface XmlLimits {
  /** Elements open at the same time; the root counts. */
  readonly depth: number;
  /** Characters in the name of an element or attribute. */
  readonly nameLength: number;
  /** Attributes of one element. */
  readonly attributes: number;
  /** Characters in the value of an attribute. */
  readonly attributeLength: number;
  /** Elements directly inside one record, known or not. */
  readonly fields: number;
  /** Characters in the value of a field, white space around it included. */
  readonly valueLength: number;
  /**
   * Characters from the start tag of a record to its end tag. Nothing between two tags (a comment, a run of white
   * space, a CDATA section, a processing instruction) may be longer either.
   */
  readonly recordLength: number;
}

const xml: XmlLimits = {
  depth: 16,
  nameLength: 100,
  attributes: 32,
  attributeLength: 10_000,
  fields: 256,
  // 1,000 e-mails of the longest kind are 255,000 characters
  valueLength: 300_000,
  recordLength: 1_000_000,
};

/** Limits of a CSV document. Lengths are in characters (UTF-16 code units). */
export interface CsvLimits {
  /** Columns of a row. */
  readonly columns: number;
  /** Characters in a cell, white space around it included. */
  readonly cellLength: number;
  /** Characters in a row, its separators and quotation marks included. */
  readonly rowLength: number;
}

const csv: CsvLimits = { columns: 256, cellLength: 300_000, rowLength: 1_000_000 };

/** Limits of a JSON document. Lengths are in characters (UTF-16 code units). */
export interface JsonLimits {
  /** Arrays and objects open at the same time; the root counts. */
  readonly depth: number;
  /** Characters in the name of a member. */
  readonly nameLength: number;
  /** Members of one record, known or not. */
  readonly members: number;
  /** Characters in a value, or in the values of a list together. */
  readonly valueLength: number;
  /** Bytes of UTF-8 from the brace that opens a record to the one that closes it, and of anything between two tokens. */
  readonly recordLength: number;
}

const json: JsonLimits = { depth: 16, nameLength: 100, members: 256, valueLength: 300_000, recordLength: 1_000_000 };

/**
 * The published limits of what is read (file formats, section 1); the single values of a person have theirs in
 * `person/fields.ts`. Lengths are in characters (UTF-16 code units), after white space around a value was trimmed.
 */
export const limits = {
  /** Rows of a file. */
  rows: 1_000_000,
  xml,
  csv,
  json,
  user: {
    databaseIdLength: 200,
    emails: 2_000,
    /** RFC 5321, 4.5.3.1, in bytes of UTF-8. */
    emailLength: 254,
    emailLocalPartLength: 64,
    phones: 2_000,
    phoneCarrierLength: 100,
    groups: 2_000,
    groupIdLength: 100,
  },
} as const;
