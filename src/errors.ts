/**
 * The closed list of errors. A *problem* refuses a whole request (RFC 9457 problem details); a *row issue*
 * concerns one row of an import and is data, not an exception. Both have a stable `code`, which is part of the API.
 */

interface ProblemDefinition {
  /** HTTP status (RFC 9110). */
  readonly status: number;
  /** Short, the same for every occurrence. */
  readonly title: string;
}

/** Every problem, by code. The one mapping of errors to HTTP. */
export const problems = {
  // the request
  request_invalid: { status: 400, title: "The request is not valid" },
  unauthenticated: { status: 401, title: "A valid API key or sign-in is required" },
  forbidden: { status: 403, title: "Not allowed" },
  not_found: { status: 404, title: "Not found" },
  method_not_allowed: { status: 405, title: "This address does not take that method" },
  request_timeout: { status: 408, title: "The request took too long to arrive" },
  conflict: { status: 409, title: "The request conflicts with the stored state" },
  idempotency_key_reused: { status: 409, title: "The idempotency key belongs to another request" },
  answer_lost: { status: 409, title: "The request was done, and its answer is lost" },
  plan_changed: { status: 409, title: "The plan has changed" },
  gone: { status: 410, title: "No longer kept" },
  resync_required: { status: 410, title: "Changes that you have not seen are no longer kept" },
  version_mismatch: { status: 412, title: "Somebody else changed it first" },
  too_many_requests: { status: 429, title: "Too many requests" },
  headers_too_large: { status: 431, title: "The request's headers are too large" },
  // the body of an import; nothing is applied
  body_missing: { status: 400, title: "The request has no body" },
  body_incomplete: { status: 400, title: "The upload broke off" },
  body_too_large: { status: 413, title: "The body is too large" },
  media_type_unsupported: { status: 415, title: "The content type is not supported" },
  encoding_invalid: { status: 400, title: "The body is not in the encoding it claims" },
  encoding_unsupported: { status: 415, title: "The character encoding is not supported" },
  compression_invalid: { status: 400, title: "The body cannot be decompressed" },
  multipart_invalid: { status: 400, title: "The form does not contain exactly one file" },
  xml_not_well_formed: { status: 400, title: "The XML is not well-formed" },
  xml_cut_off: { status: 400, title: "The XML ends too early" },
  xml_doctype_forbidden: { status: 400, title: "A document type declaration is not allowed" },
  xml_entity_forbidden: { status: 400, title: "This entity is not allowed" },
  xml_limit_exceeded: { status: 413, title: "The XML exceeds a limit" },
  csv_not_well_formed: { status: 400, title: "The CSV is not well-formed" },
  csv_cut_off: { status: 400, title: "The CSV ends too early" },
  csv_limit_exceeded: { status: 413, title: "The CSV exceeds a limit" },
  json_not_well_formed: { status: 400, title: "The JSON is not well-formed" },
  json_cut_off: { status: 400, title: "The JSON ends too early" },
  json_limit_exceeded: { status: 413, title: "The JSON exceeds a limit" },
  document_root_wrong: { status: 422, title: "The document has the wrong root element" },
  document_type_missing: { status: 422, title: 'The root element lacks type="array"' },
  document_structure_wrong: { status: 422, title: "The document does not have the expected structure" },
  document_empty: { status: 422, title: "The document has no record" },
  import_interrupted: { status: 503, title: "The service stopped before the import was done" },
  source_unknown: { status: 422, title: "There is no such source" },
  // the service
  organization_busy: { status: 503, title: "The organization is busy with another change" },
  issuer_unavailable: { status: 503, title: "The OpenID provider does not answer" },
  shutting_down: { status: 503, title: "The service is stopping" },
  database_unavailable: { status: 503, title: "The database does not answer" },
  storage_full: { status: 507, title: "There is no room left" },
  clock_implausible: { status: 503, title: "The clock of the service is implausible" },
  internal: { status: 500, title: "Internal error" },
} as const satisfies Record<string, ProblemDefinition>;

/** Code of a problem. */
export type ProblemCode = keyof typeof problems;

/** The place of a problem in a document, and other facts for programs. */
export interface ProblemPlace {
  /** 1-based line of the document. */
  readonly line?: number;
  /** 1-based column, in characters. */
  readonly column?: number;
  /** Name of the field, as the sender wrote it. */
  readonly field?: string;
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  readonly retryAfter?: number;
  /** Hash of the plan as it is now. */
  readonly planHash?: string;
  /** Each invalid part of a request. */
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

/** A request that is refused as a whole. `detail` tells a person what to do; it must hold no secret. */
export class MusterError extends Error {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly place: ProblemPlace;
  /** The import that was refused, once it has an id. */
  importId?: string;

  constructor(code: ProblemCode, detail: string, place: ProblemPlace = {}) {
    super(`${code}: ${detail}`);
    this.name = "MusterError";
    this.code = code;
    this.detail = detail;
    this.place = place;
  }
}

/** Values in the message of a row issue. */
export type IssueDetails = Readonly<Record<string, string | number | boolean>>;

interface RowIssueDefinition {
  /** A failure leaves the row out; a warning leaves out less than the row. */
  readonly severity: "failure" | "warning";
  /** Says for a person what was found, what was done, and what to do. */
  readonly message: (details: IssueDetails) => string;
}

const text = (value: unknown): string => String(value ?? "");

/** Says who else has an e-mail: people of the file, by a line, or somebody stored. */
function otherHolders({ line, others }: IssueDetails): string {
  if (!others) return "Somebody who is stored has";
  const more = Number(others) - 1;
  if (more === 0) return `The person of line ${text(line)} has`;
  return `The person of line ${text(line)} and ${more === 1 ? "another person" : `${more} other people`} of the file have`;
}

/** Says why a token of groupID cannot be read, and what to write. */
function tokenFault({ value, isLeft }: IssueDetails): string {
  if (value === "00002") return "names no group to leave. Write 00002;G or G|00002";
  if (isLeft) return "has a role, but the groups after 00002 are left. Put the groups to join before 00002";
  return "is not a group token. Write G, G|0 … G|4 or G|00002";
}

/** Says what to do about a group that does not exist. */
function groupAdvice({ groupId, spelling }: IssueDetails): string {
  if (spelling) return `Case matters: write ${text(spelling)}, as the group is called.`;
  const create = "Create the group, or let imports create it (createGroups).";
  return /\s/.test(text(groupId)) ? `${create} If these are several groups, separate them by ;.` : create;
}

/** Every row issue, by code (feed-formats: docs/file-formats.md). */
export const rowIssues = {
  // failures
  identifier_missing: {
    severity: "failure",
    message: () =>
      "The row has no identifier: no databaseID, no userID and no readable e-mail. Add one of them and send the row again.",
  },
  required_missing: {
    severity: "failure",
    message: (d) =>
      `${text(d.field)} is missing. A new person needs it, so the person was not added. Fill it in and send the row again.`,
  },
  group_code_damaged: {
    severity: "failure",
    message: (d) =>
      `"${text(d.value)}" is not a group code. A spreadsheet probably stripped the zeros from ${text(d.code)}. Export the column as text and send the row again.`,
  },
  delete_code_not_alone: {
    severity: "failure",
    message: () =>
      "00000 deletes the person, so it must be the only value of groupID. Nothing was done. Remove it, or remove the other groups.",
  },
  delete_contradicted: {
    severity: "failure",
    message: () =>
      "One row of the file deletes this person with 00000, and another row adds the same person. Neither was done. Keep one of the rows.",
  },
  group_token_invalid: {
    severity: "failure",
    message: (d) => `"${text(d.value)}" ${tokenFault(d)}, and send the row again.`,
  },
  value_invalid: {
    severity: "failure",
    message: (d) => `${text(d.field)} was refused: ${text(d.reason)}.`,
  },
  columns_differ: {
    severity: "failure",
    message: (d) =>
      `The row has ${text(d.found)} ${d.found === 1 ? "column" : "columns"}, but the first row of the file has ${text(d.expected)}. Its values cannot be assigned to columns. ${text(d.hint)}`,
  },
  row_may_be_cut_off: {
    severity: "failure",
    message: (d) =>
      `The file ends in this row without a line end. "${text(d.value)}" may be cut off, and ${text(d.action)} could affect the wrong one. Nothing was done about it. End the row with a line end and send it again.`,
  },
  export_damage: {
    severity: "failure",
    message: (d) =>
      `${text(d.field)} is "${text(d.value)}": ${text(d.explanation)}. ${text(d.advice)} Send the row again.`,
  },
  columns_contradict: {
    severity: "failure",
    message: (d) =>
      `${text(d.one)} is "${text(d.value)}" and ${text(d.other)} is "${text(d.otherValue)}", but both mean ${text(d.field)}. Remove one of the columns, or set a field mapping for the source.`,
  },
  spreadsheet_damage: {
    severity: "failure",
    message: (d) =>
      `${text(d.field)} is "${text(d.value)}": ${text(d.explanation)}. Export the column as text and send the file again without saving it in a spreadsheet.`,
  },
  pattern_mismatch: {
    severity: "failure",
    message: (d) =>
      `${text(d.field)} "${text(d.value)}" does not match the pattern ${text(d.pattern)} of this source.${d.hint ? ` ${text(d.hint)}` : ""}`,
  },
  value_unmapped: {
    severity: "failure",
    message: (d) =>
      `The field mapping of this source has no entry for ${text(d.field)} "${text(d.value)}". Add it to the mapping, or correct the value.`,
  },
  database_ids_conflict: {
    severity: "failure",
    message: (d) =>
      `Several rows mean the same person by userID or e-mail, but have different databaseIDs (${text(d.databaseIds)}). None was applied. Correct the databaseIDs.`,
  },
  identifier_shared: {
    severity: "failure",
    message: (d) =>
      `Lines ${text(d.lines)} have the same identifier, but different names and e-mails: they mean different people. None of them was applied, and nobody was changed. Give each person a databaseID or userID of their own.`,
  },
  person_ambiguous: {
    severity: "failure",
    message: (d) =>
      `Several people have ${text(d.value)}, and nothing else in the row tells them apart. Add a databaseID or a userID.`,
  },
  username_taken: {
    severity: "failure",
    message: (d) =>
      `The userID ${text(d.username)} belongs to ${text(d.holder) || "another person of this file"}. The row was not applied. Correct the userID.`,
  },
  // warnings
  bytes_damaged: {
    severity: "warning",
    message: (d) =>
      `${text(d.field)} contains ${text(d.what)}. The value was left out, and the stored one stays. Export the file as UTF-8.`,
  },
  null_in_list: {
    severity: "warning",
    message: (d) =>
      `Value ${text(d.position)} of ${text(d.field)} is null, which says nothing. All of ${text(d.field)} was left out, and the stored values stay. Write "" for a blank value.`,
  },
  email_invalid: {
    severity: "warning",
    message: (d) => `"${text(d.value)}" is not an e-mail address. It was left out. Correct it in your own system.`,
  },
  phone_impossible: {
    severity: "warning",
    message: (d) =>
      `"${text(d.value)}" is not a possible phone number. It was left out, and older numbers were kept. Write it with its area code, or with + and its country, and nothing else.`,
  },
  placeholder_word: {
    severity: "warning",
    message: (d) =>
      `${text(d.field)} is "${text(d.value)}", which was read as blank. Export such values as blank cells.`,
  },
  invisible_removed: {
    severity: "warning",
    message: (d) =>
      `${text(d.field)} "${text(d.value)}" has characters that nobody can see; they were removed. Clean the value in your own system.`,
  },
  removal_ordered: {
    severity: "warning",
    message: (d) =>
      `The row orders to remove the ${text(d.field)} "${text(d.value)}". It was removed if only this source had brought it.`,
  },
  order_unclear: {
    severity: "warning",
    message: (d) =>
      `The ${text(d.field)} "${text(d.value)}" looks like an order to remove something, but it is unclear what. It was neither added nor removed. Write ${d.field === "email" ? "address|delete" : "number|delete"}.`,
  },
  phone_country_unknown: {
    severity: "warning",
    message: (d) =>
      `The phone "${text(d.value)}" was left out and older numbers were kept: its country "${text(d.country)}" cannot be read. Write a calling code such as 44, or two letters such as GB.`,
  },
  group_list_split: {
    severity: "warning",
    message: (d) =>
      `groupID "${text(d.value)}" was read as ${text(d.count)} groups. Separate groups by ; and not by commas.`,
  },
  group_list_unclear: {
    severity: "warning",
    message: (d) =>
      `groupID "${text(d.value)}" may be one group or several, so it was left out. Separate groups by ;, or create the group with the comma first.`,
  },
  phone_damaged: {
    severity: "warning",
    message: (d) =>
      `The phone "${text(d.value)}" was left out: ${text(d.explanation)}. Older numbers were kept. Export the column as text.`,
  },
  letters_lost: {
    severity: "warning",
    message: (d) =>
      `${text(d.field)} "${text(d.value)}" has lost letters, so it was left out, and no membership ends. Export the file as UTF-8.`,
  },
  smart_quotes: {
    severity: "warning",
    message: (d) =>
      `${text(d.field)} is ${text(d.value)}, in typographic quotation marks. It was taken as it is. Make the export write plain quotation marks.`,
  },
  phone_filler: {
    severity: "warning",
    message: (d) =>
      `The phone "${text(d.value)}" looks like a placeholder. It was left out, and older numbers were kept.`,
  },
  phone_not_valid: {
    severity: "warning",
    message: (d) => `The phone "${text(d.value)}" is possible, but does not belong to a known range. It was taken.`,
  },
  phone_attribute_invalid: {
    severity: "warning",
    message: (d) =>
      `"${text(d.value)}" is not a known ${text(d.attribute)} of a phone. ${text(d.used)} was used instead.`,
  },
  show_all_groups_invalid: {
    severity: "warning",
    message: (d) => `showAllGroups is 0 or 1, not "${text(d.value)}". It was left out.`,
  },
  group_unknown: {
    severity: "warning",
    message: (d) => `There is no group ${text(d.groupId)}. The rest of the row was applied. ${groupAdvice(d)}`,
  },
  location_unknown: {
    severity: "warning",
    message: (d) =>
      `There is no location ${text(d.location)}. The rest of the row was applied. Create it, or let imports create it (createLocations).`,
  },
  role_not_permitted: {
    severity: "warning",
    message: (d) =>
      `Imports may not grant role ${text(d.role)} in group ${text(d.groupId)}. The person joins as a member.`,
  },
  role_kept: {
    severity: "warning",
    message: (d) =>
      `In group ${text(d.groupId)} the person keeps role ${text(d.kept)}, which no import granted. The file says ${text(d.file)}.`,
  },
  membership_kept: {
    severity: "warning",
    message: (d) => `The membership in ${text(d.groupId)} was kept: ${text(d.reason)}.`,
  },
  value_kept: {
    severity: "warning",
    message: (d) => `${text(d.field)} was kept: ${text(d.kept)}. The file says ${text(d.file)}.`,
  },
  text_damaged: {
    severity: "warning",
    message: (d) =>
      `${text(d.field)} was kept: ${text(d.kept)}. The file says ${text(d.file)}, in which letters are lost. Export the file as UTF-8.`,
  },
  person_returned: {
    severity: "warning",
    message: (d) =>
      `This person was deleted before and returns under the id ${text(d.userId)}, with the values that were entered by hand.${
        d.groups
          ? ` The role above member in ${text(d.groups)} does not return: grant it again if it is still right.`
          : ""
      }`,
  },
  primary_email_kept: {
    severity: "warning",
    message: (d) => `The primary e-mail ${text(d.kept)} was kept. ${text(d.file)} became a further address.`,
  },
  person_linked_by_email: {
    severity: "warning",
    message: (d) =>
      `Only the e-mail ${text(d.email)} links the row to a person of another source. Check that it is the same person.`,
  },
  person_recycled: {
    severity: "warning",
    message: (d) =>
      `The ${text(d.field)} ${text(d.value)} belonged to ${text(d.person)}, but the row has another name and another e-mail. Perhaps the ${text(d.field)} was given to somebody else. If so, delete the old record and send the row again.`,
  },
  rows_merged: {
    severity: "warning",
    message: (d) => `Lines ${text(d.lines)} are of one person, ${text(d.person)}, and were merged.`,
  },
  email_shared: {
    severity: "warning",
    message: (d) =>
      `${otherHolders(d)} the e-mail ${text(d.email)}, too, under another name. The row was added as a new person. If it is the same person, correct the first name, or add a databaseID or a userID.`,
  },
  email_of_many: {
    severity: "warning",
    message: (d) =>
      `${text(d.people)} people have the e-mail ${text(d.email)}. Probably it is not their own, and messages to all of them arrive there. Leave such cells blank: the setting requireEmail allows it.`,
  },
  person_kept: {
    severity: "warning",
    message: (d) =>
      `${d.person ? `${text(d.person)}, whom the file does not name,` : "The person"} was not deleted: ${text(d.reason)}.`,
  },
} as const satisfies Record<string, RowIssueDefinition>;

/** Code of a row issue. */
export type RowIssueCode = keyof typeof rowIssues;

/** A note about one row that is not plain success. */
export interface RowIssue {
  readonly code: RowIssueCode;
  /** Name of the field, as the feed names it; absent where the row as a whole is meant. */
  readonly field?: string;
  readonly details: IssueDetails;
}
