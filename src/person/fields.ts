/**
 * The one table of a person's fields. Records, limits, normalisation, field mappings, temporary tables, the change log,
 * documents, edits, exports and API schemas derive from it. A new field is a new row here, a migration, and its line in
 * `prisma/schema.prisma`.
 */

/** Kinds of single values. `kinds.ts` says how each is stored, compared and shown. */
export type ScalarKind = "text" | "identifier" | "address" | "texts" | "location" | "flag";

/** Kinds of lists. Each has rules and tables of its own, so that its code is written by hand. */
export type ListKind = "emails" | "phones" | "memberships" | "sources";

interface Field {
  /** XML element, JSON member and CSV column of a feed (file formats, section 1). */
  readonly feed: string;
  /** Property of the API's document of a person, and of the change log. */
  readonly property: string;
  /** Position in a CSV without a header row, from 1; null for a field that has none. */
  readonly position: number | null;
  /** Names under which feeds also send it. Case, blanks and `-`, `_`, `.`, `*`, `#` do not count. */
  readonly names: readonly string[];
}

/** A single value of a person. Users, and the temporary tables of an import, have a column for it. */
export interface ScalarField extends Field {
  readonly kind: ScalarKind;
  /** Column of `users` and of the temporary tables. Its owner is in the column `<column>_owner`. */
  readonly column: string;
  /** Column that holds the value as it is compared. */
  readonly companion?: string;
  /** Most characters (UTF-16 code units) of the value, or of each of several texts. */
  readonly limit: number;
  /** Most texts of the kind `texts`. */
  readonly most?: number;
  /** True when a present blank withdraws the value (file formats, section 5). Names and identifiers never go so. */
  readonly optional: boolean;
  /** Explains the property in the API reference. */
  readonly description?: string;
  /** Explains it in the bodies of requests, where that takes other words. */
  readonly inputDescription?: string;
  /** A value as the API shows it, for the examples of the API reference. */
  readonly example: unknown;
}

/** A list of a person. */
export interface ListField extends Field {
  readonly kind: ListKind;
}

/** The fields, in the order in which the API shows their properties. */
export const personFields = [
  {
    feed: "firstName",
    property: "firstName",
    kind: "text",
    column: "first_name",
    limit: 200,
    optional: false,
    position: 1,
    names: ["First", "First Name", "FName", "Forename", "Given Name"],
    example: "Jane",
  },
  {
    feed: "lastName",
    property: "lastName",
    kind: "text",
    column: "last_name",
    limit: 200,
    optional: false,
    position: 2,
    inputDescription: "A person has at least one of the two names.",
    names: ["Last", "Last Name", "LName", "Surname", "Family Name", "SN"],
    example: "Doe",
  },
  {
    feed: "preferredName",
    property: "preferredName",
    kind: "text",
    column: "preferred_name",
    limit: 200,
    optional: true,
    position: null,
    names: ["Preferred Name", "Preferred First Name", "Nickname"],
    example: "Janie",
  },
  {
    feed: "userID",
    property: "username",
    kind: "identifier",
    column: "username",
    companion: "username_normalized",
    limit: 200,
    optional: false,
    position: 4,
    names: [
      "User ID",
      "User Name",
      "Login",
      "Login ID",
      "Login Name",
      "Net ID",
      "SSO ID",
      "SSO Name",
      "SSO Username",
      "sAMAccountName",
    ],
    description: "Unique, without regard to case.",
    example: "jdoe",
  },
  {
    feed: "email",
    property: "emails",
    kind: "emails",
    position: 3,
    names: [
      "E-mail",
      "E-mails",
      "E-mail Address",
      "E-mail Addresses",
      "Primary E-mail",
      "Primary E-mail Address",
      "Mail",
      "Campus E-mail",
      "School E-mail",
      "University E-mail",
      "Work E-mail",
      "Personal E-mail",
      "Home E-mail",
      "Secondary E-mail",
      "Alternate E-mail",
      "Other E-mail",
    ],
  },
  {
    feed: "phone",
    property: "phones",
    kind: "phones",
    position: 5,
    names: [
      "Phones",
      "Phone Number",
      "Phone Numbers",
      "Phone No",
      "Primary Phone",
      "Telephone",
      "Telephone Number",
      "Telephone No",
      "Tel",
      "Tel No",
      "Contact Number",
      "Contact Phone",
    ],
  },
  {
    feed: "groupID",
    property: "memberships",
    kind: "memberships",
    position: 6,
    names: ["Group", "Groups", "Group ID", "Group IDs", "Group No", "Group Code", "Group Codes"],
  },
  {
    feed: "address",
    property: "address",
    kind: "address",
    column: "address",
    limit: 1_000,
    optional: true,
    position: 8,
    names: ["Home Address", "Mailing Address", "Postal Address", "Street Address"],
    example: { street: "1 Main St", city: "Springfield", state: "IL", country: "US", zip: "62701" },
  },
  {
    feed: "customFields",
    property: "customFields",
    kind: "texts",
    column: "custom_fields",
    limit: 1_000,
    most: 100,
    optional: true,
    position: 9,
    names: ["Custom Field", "Custom Fields"],
    description: "By position.",
    inputDescription: "By position; the whole list.",
    example: ["Junior"],
  },
  {
    feed: "campusName",
    property: "location",
    kind: "location",
    column: "location",
    limit: 200,
    optional: true,
    position: 10,
    names: ["Campus", "Campus Name", "Location", "Location Name"],
    inputDescription: "Name of a location, without regard to case.",
    example: "Main",
  },
  {
    feed: "showAllGroups",
    property: "showAllGroups",
    kind: "flag",
    column: "show_all_groups",
    limit: 5,
    optional: true,
    position: 11,
    names: ["Show All Groups"],
    example: false,
  },
  {
    feed: "databaseID",
    property: "sources",
    kind: "sources",
    position: 7,
    names: [
      "Database ID",
      "DB ID",
      "Banner",
      "Banner ID",
      "Banner No",
      "Banner Number",
      "Campus ID",
      "Colleague ID",
      "EMPLID",
      "Employee ID",
      "Employee No",
      "Employee Number",
      "External ID",
      "PeopleSoft ID",
      "Person ID",
      "Person No",
      "Person Number",
      "SIS ID",
      "Student ID",
      "Student No",
      "Student Number",
      "Unique ID",
      "University ID",
    ],
  },
] as const satisfies readonly (ScalarField | ListField)[];

type Row = (typeof personFields)[number];
type ScalarRow = Extract<Row, { readonly column: string }>;

/** A field as feeds name it. */
export type UserField = Row["feed"];
/** A field of a single value, as the API names it. */
export type ScalarProperty = ScalarRow["property"];
/** A field of a person, as the API names it. */
export type PersonProperty = Row["property"];
/** Column of `users` for a single value. */
export type ScalarColumn = ScalarRow["column"];

/** A row of the table for a single value, with its names as types. */
export type Scalar = ScalarField & {
  readonly feed: ScalarRow["feed"];
  readonly property: ScalarProperty;
  readonly column: ScalarColumn;
};

/** An object with a property for each single value; `ByKind` gives the type of each kind's values. */
export type ScalarsOf<ByKind extends Readonly<Record<ScalarKind, unknown>>> = {
  readonly [Field in ScalarRow as Field["property"]]: ByKind[Field["kind"]];
};

const isScalar = (field: ScalarField | ListField): field is Scalar => "column" in field;

/** The single values, in the order in which the API shows them. */
export const scalarFields: readonly Scalar[] = (personFields as readonly (ScalarField | ListField)[]).filter(isScalar);

/** The single value of a property. */
export const scalarField = (property: ScalarProperty): Scalar =>
  scalarFields.find((field) => field.property === property)!;

/** Column of `users` that says who set a single value last. */
export const ownerColumn = ({ column }: Pick<ScalarField, "column">): string => `${column}_owner`;

/** The fields of some kinds, as feeds name them, in the order of the kinds. */
export const kindsOf = (...kinds: readonly (ListKind | ScalarKind)[]): readonly UserField[] =>
  kinds.flatMap((wanted) => personFields.filter(({ kind }) => kind === wanted).map(({ feed }) => feed));

const inFeeds = personFields.toSorted(
  (one, other) => (one.position ?? Number.POSITIVE_INFINITY) - (other.position ?? Number.POSITIVE_INFINITY),
);

/** The fields of a feed: first the columns of a CSV without a header row in their order, then all others. */
export const userFields: readonly UserField[] = inFeeds.map(({ feed }) => feed);

/** The fields of a CSV without a header row: the first is in column 1. */
export const positionedFields: readonly UserField[] = inFeeds
  .filter(({ position }) => position !== null)
  .map(({ feed }) => feed);
