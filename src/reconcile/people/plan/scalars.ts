import { raw } from "sql-template-tag";
import { type ImportContext, ownerIn } from "../../setup/context.ts";
import { rowOf } from "../stage/tables.ts";

/** A single value of a person, and how it behaves (file formats, section 5). */
interface Scalar {
  /** Column of users, and of people. */
  readonly column: string;
  /** Property of the API's document. */
  readonly property: string;
  /** Field of the feed. */
  readonly field: string;
  /** Whether a blank in a feed withdraws it: never a name or an identifier. */
  readonly optional: boolean;
  /** What stands for no value, in SQL. */
  readonly blank: string;
  /** Columns that go along with it. */
  readonly companion?: string;
  /** What is compared, where that isn't the value itself. */
  readonly compared?: string;
  /** SQL that turns a value into the document's JSON text. */
  readonly json: (expression: string) => string;
  /** The same of a new person's value, where there is a faster way. */
  readonly createdJson?: (expression: string) => string;
}

const jsonText = (value: string) => `to_json(${value})::text`;
const jsonTextOrNull = (value: string) => `coalesce(to_json(nullif(${value}, ''))::text, 'null')`;

const addressJson = (value: string) => `coalesce(address_document(${value})::text, 'null')`;

/** SQL: whether a text can stand between quotes in JSON as it is. Intake lets no control character into a value. */
const isPlain = (text: string) => `strpos(${text}, '"') = 0 and strpos(${text}, '\\') = 0`;

/** SQL that makes a JSON string of a text of a feed: like to_json, which costs three times as much. */
export const quoted = (text: string): string =>
  `case when ${isPlain(text)} then '"' || ${text} || '"' else to_json(${text})::text end`;

/** The same for an address, in five parts or as free text. */
const quotedAddress = (text: string) => {
  const names = ["street", "city", "state", "country", "zip"];
  const members = (quote: (part: string) => string) =>
    names
      .map((name, index) => `'"${name}":' || ${quote(`split_part(${text}, '|', ${index + 1})`)}`)
      .join(" || ',' || ");
  return `case
    when strpos(${text}, '|') = 0 then '{"text":' || ${quoted(text)} || '}'
    when ${isPlain(text)} then '{' || ${members((part) => `'"' || ${part} || '"'`)} || '}'
    else '{' || ${members((part) => `to_json(${part})::text`)} || '}' end`;
};

const scalars: readonly Scalar[] = [
  {
    column: "first_name",
    property: "firstName",
    field: "firstName",
    optional: false,
    blank: "''",
    json: jsonText,
    createdJson: quoted,
  },
  {
    column: "last_name",
    property: "lastName",
    field: "lastName",
    optional: false,
    blank: "''",
    json: jsonText,
    createdJson: quoted,
  },
  {
    column: "username",
    companion: "username_normalized",
    compared: "username_normalized",
    property: "username",
    field: "userID",
    optional: false,
    blank: "null",
    json: jsonTextOrNull,
    createdJson: quoted,
  },
  {
    column: "address",
    property: "address",
    field: "address",
    optional: true,
    blank: "''",
    json: addressJson,
    createdJson: quotedAddress,
  },
  {
    column: "custom_fields",
    property: "customFields",
    field: "customFields",
    optional: true,
    blank: "'{}'::text[]",
    json: jsonText,
  },
  {
    column: "location",
    property: "location",
    field: "campusName",
    optional: true,
    blank: "null",
    json: jsonTextOrNull,
    createdJson: quoted,
  },
  {
    column: "show_all_groups",
    property: "showAllGroups",
    field: "showAllGroups",
    optional: true,
    blank: "false",
    json: (value) => `${value}::text`,
  },
];

/** SQL: whether a stored or sent value is none. */
const isBlank = ({ blank }: Scalar, value: string) =>
  blank === "null" ? `coalesce(${value}, '') = ''` : `coalesce(${value} = ${blank}, true)`;

/**
 * The rule of one scalar as a CASE: first the file's silence and blanks, then a stored blank, then agreement, then
 * who may overwrite whom. `outcomes` fills in what each case leaves.
 */
function rule(
  c: ImportContext,
  scalar: Scalar,
  outcomes: { keep: string; clear: string; fill: string; agree: string; take: string },
): string {
  const { column, compared = column } = scalar;
  const owner = `u.${column}_owner`;
  const clearing = scalar.optional
    ? `when ${isBlank(scalar, `f.${column}`)} and f.replaces and ${owner} = ${c.source.text} then ${outcomes.clear}`
    : "";
  return `case
    when f.${column} is null then ${outcomes.keep}
    ${clearing}
    when ${isBlank(scalar, `f.${column}`)} then ${outcomes.keep}
    when ${isBlank(scalar, `u.${column}`)} then ${outcomes.fill}
    when f.${compared} = u.${compared} then ${outcomes.agree}
    when not f.replaces or ${ownerIn(raw(owner), c.outranking).text} then ${outcomes.keep}
    else ${outcomes.take} end`;
}

const customFields = "custom_fields";

/** A feed without databaseIDs fills custom fields one by one. */
const filledCustomFields = `(
  select coalesce(array_agg(coalesce(nullif(stored, ''), sent, '') order by position), '{}')
  from unnest(u.custom_fields, f.custom_fields) with ordinality as field (stored, sent, position))`;

const newValue = (c: ImportContext, scalar: Scalar, column: string) => {
  const taken = rule(c, scalar, {
    keep: `u.${column}`,
    clear: scalar.blank,
    fill: `f.${column}`,
    agree: `u.${column}`,
    take: `f.${column}`,
  });
  if (column !== customFields) return taken;
  return `case when f.custom_fields is null or f.replaces then ${taken} else ${filledCustomFields} end`;
};

const newOwner = (c: ImportContext, scalar: Scalar) => {
  const owner = `u.${scalar.column}_owner`;
  const agree = `case when ${owner} is null or ${ownerIn(raw(owner), c.outranked).text} then ${c.source.text} else ${owner} end`;
  const taken = rule(c, scalar, {
    keep: owner,
    clear: "null",
    fill: c.source.text,
    agree,
    take: c.source.text,
  });
  if (scalar.column !== customFields) return taken;
  // What is as the file says once it is filled, the file agrees with: now as well as the next time it comes.
  const agrees = `f.custom_fields <> '{}' and not f.replaces and f.custom_fields = ${filledCustomFields}`;
  return `case when ${agrees} then ${agree} else ${taken} end`;
};

/** SQL: whether the file's value differs from one that was kept. */
const keptAgainst = (c: ImportContext, scalar: Scalar) => {
  const differs = rule(c, scalar, { keep: "true", clear: "false", fill: "false", agree: "false", take: "false" });
  const says = `f.${scalar.column} is not null and not ${isBlank(scalar, `f.${scalar.column}`)}`;
  if (scalar.column !== customFields) return `${says} and ${differs}`;
  return `${says} and ${differs} and (f.replaces or exists (
    select from unnest(u.custom_fields, f.custom_fields) as field (stored, sent)
    where stored <> '' and sent <> '' and stored <> sent))`;
};

/** People of the file beside what is stored, with the location under its own spelling. */
const known = (c: ImportContext) => `
  (select f.*, f.location as sent_location from (
     select people.person, people.first_row, people.value_rows, people.replaces, people.applies, people.first_name, people.last_name,
       people.username, people.username_normalized, people.email, people.email_normalized, people.address,
       people.custom_fields, people.show_all_groups,
       case when people.location = '' then '' else l.name end as location
     from people left join known_locations l on l.name_normalized = people.location_normalized
     where not people.is_new) f) f
  join users u on u.organization_id = ${c.organizationId} and u.id = f.person`;

/** Columns of planned_scalars, and of users, that say who set a value last. */
export const ownerColumns: readonly string[] = [...scalars.map(({ column }) => column), "email"].map(
  (column) => `${column}_owner`,
);
export const values = [
  "first_name",
  "last_name",
  "username",
  "username_normalized",
  "address",
  "custom_fields",
  "location",
].concat("show_all_groups", "email", "email_normalized");

/** Property, from and to of what changes, as members of a JSON object. */
const changedMembers = scalars
  .map(
    ({ column, property, json }) => `
      case when after.${column} is distinct from u.${column}
        then '"${property}":{"from":' || ${json(`u.${column}`)} || ',"to":' || ${json(`after.${column}`)} || '}' end`,
  )
  .join(",");

/** Plans the scalars of known people: only of those for whom something changes, be it an owner. */
export function scalarStatements(c: ImportContext): string[] {
  const fills = "u.email_normalized is null and f.email_normalized is not null";
  const computed = [
    ...scalars.map((scalar) => `${newValue(c, scalar, scalar.column)} as ${scalar.column}`),
    ...scalars.flatMap((scalar) =>
      scalar.companion ? [`${newValue(c, scalar, scalar.companion)} as ${scalar.companion}`] : [],
    ),
    ...scalars.map((scalar) => `${newOwner(c, scalar)} as ${scalar.column}_owner`),
    `case when ${fills} then f.email else u.email end as email`,
    `case when ${fills} then f.email_normalized else u.email_normalized end as email_normalized`,
    `case when ${fills} then ${c.source.text} else u.email_owner end as email_owner`,
  ];
  const columns = scalarColumns;
  return [
    `insert into planned_scalars (person, ${columns.join(", ")}, email_from, username_changes, changed)
     select f.person, ${columns.map((column) => `after.${column}`).join(", ")}, u.email,
       after.username_normalized is distinct from u.username_normalized, concat_ws(',', ${changedMembers})
     from ${known(c)}
     cross join lateral (select ${computed.join(", ")} offset 0) after
     where f.applies and (${columns.map((column) => `after.${column}`).join(", ")})
       is distinct from (${columns.map((column) => `u.${column}`).join(", ")})`,
    // The first condition spares most people the list of values, which PostgreSQL prepares anew for each.
    `insert into row_issues (row, code, field, details, failure)
     select ${rowOf("f", "scalar.field")}, 'value_kept', scalar.field,
       jsonb_build_object('field', scalar.field, 'kept', scalar.kept, 'file', scalar.file), false
     from ${known(c)}
     cross join lateral (values ${scalars
       .map((scalar) => `('${scalar.field}', ${shown(scalar, "u")}, ${shown(scalar, "f")}, ${keptAgainst(c, scalar)})`)
       .join(", ")}) scalar (field, kept, file, against)
     where f.applies and (${scalars.map((scalar) => keptAgainst(c, scalar)).join(" or ")}) and scalar.against`,
    `insert into row_issues (row, code, field, details, failure)
     select ${rowOf("f", "'email'")}, 'primary_email_kept', 'email', jsonb_build_object('kept', u.email, 'file', f.email), false
     from ${known(c)}
     where f.applies and f.email_normalized <> u.email_normalized`,
  ];
}

const shown = ({ column }: Scalar, table: string) =>
  column === customFields ? `array_to_string(${table}.${column}, '|')` : `${table}.${column}::text`;

/** Members of the JSON object that says what a new person has; blank values are left out. */
export const createdMembers: string = scalars
  .map(
    (scalar) => `
      case when not ${isBlank(scalar, `u.${scalar.column}`)}
        then '"${scalar.property}":{"from":null,"to":' || ${(scalar.createdJson ?? scalar.json)(`u.${scalar.column}`)} || '}' end`,
  )
  .join(",");

/** The userID that a person will have; the rule that usernames are contested by. */
export function newUsername(c: ImportContext): string {
  const scalar = scalars.find(({ column }) => column === "username")!;
  return newValue(c, scalar, "username_normalized");
}

/** Columns of planned_scalars that are written to users. */
export const scalarColumns: readonly string[] = [...values, ...ownerColumns];
