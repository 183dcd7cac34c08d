import sql, { raw } from "sql-template-tag";
import {
  type Column,
  companionColumns,
  definitions,
  ownerColumns,
  stagedColumns,
  valueColumns,
} from "../../../person/columns.ts";

const columns = (list: readonly Column[]) => raw(definitions(list));

/**
 * The temporary tables of an import, in the order in which they are filled: the rows of the file, the person of each row,
 * the data of each person, and the plan. PostgreSQL reads a row up to the last column that a statement asks for. Columns
 * that most statements ask for come first, and among these the ones of fixed length.
 */
export const stagingTables = sql`
  -- plain: the row can only mean a new person who is just what the row says (docs/decisions/021); entry_changed and
  -- entry_memberships: memberships in the change log's entry for that person
  create temp table if not exists staged_rows (
    row integer not null, line integer not null, plain boolean not null, failed boolean not null, delete_person boolean not null,
    leave_all boolean not null, groups_given boolean not null, only_removes boolean not null, names_group boolean not null,
    emails_incomplete boolean not null, phones_incomplete boolean not null, groups_incomplete boolean not null, database_id text collate "C",
    email_normalized text collate "C", ${columns(companionColumns)}, joins text, leaves text, emails text, phones text,
    email_removals text, phone_removals text,
    issues jsonb, digest bytea not null, byte_digest bytea, ${columns(stagedColumns)}, email text, location_normalized text collate "C",
    entry_changed text, entry_memberships text
  ) on commit delete rows;

  -- of a file that is applied in parts: rows of earlier parts that may mean somebody of another part (keepLooseRows);
  -- person is null if the row's person was not added
  create temp table if not exists loose_rows (
    part integer not null, person bigint, database_id text collate "C", username_normalized text collate "C",
    email_normalized text collate "C"
  ) on commit delete rows;

  -- digests of all rows: of their bytes, if they could be computed without parsing, else of what they say; then staged_rows
  -- has only some of the rows
  create temp table if not exists staged_digests (
    row integer not null, digest bytea not null
  ) on commit delete rows;
  -- digests of what rows say whose bytes are new
  create temp table if not exists staged_values (
    row integer not null, digest bytea not null
  ) on commit delete rows;
  -- lines of rows that were not parsed and that the report names
  create temp table if not exists unread_lines (
    row integer not null, line integer not null
  ) on commit delete rows;

  -- person: id of a user, larger than last_user_id for new people; same: the row is what its last import left;
  -- by_email: only the primary e-mail led to the user; is_read: the row was parsed, and is in staged_rows
  create temp table if not exists row_persons (
    row integer not null, person bigint not null, same boolean not null, by_email boolean not null default false,
    is_read boolean not null default true
  ) on commit delete rows;

  -- people of several rows all of which are what their last import left
  create temp table if not exists whole_persons (person bigint not null) on commit delete rows;

  -- people of several rows
  create temp table if not exists merged_persons (person bigint not null) on commit delete rows;

  -- of_row: intake found it in the row alone
  create temp table if not exists row_issues (
    row integer not null, code text not null, field text, details jsonb not null, failure boolean not null,
    of_row boolean not null default false
  ) on commit delete rows;

  -- people of the file who are not as their last import left them; a single value is null if the file does not say it;
  -- applies: the file's data are this person's, so that the source claims them; value_rows: of people of several rows, the
  -- row that brought each field's value
  create temp table if not exists people (
    person bigint not null, first_row integer not null, is_new boolean not null, applies boolean not null,
    replaces boolean not null, delete_person boolean not null, leave_all boolean not null, groups_replaced boolean not null,
    only_removes boolean not null, names_group boolean not null, emails_replaced boolean not null,
    phones_replaced boolean not null, value_rows jsonb, database_id text collate "C", email_normalized text collate "C",
    location_normalized text collate "C", ${columns(companionColumns)}, digest bytea,
    byte_digest bytea, ${columns(valueColumns)}, email text, by_hand text[]
  ) on commit delete rows;

  create temp table if not exists known_groups (
    group_id text collate "C" not null, style text, joins_everybody boolean not null, is_new boolean not null,
    json text not null
  ) on commit delete rows;
  create temp table if not exists known_locations (
    name_normalized text collate "C" not null, name text not null, is_new boolean not null
  ) on commit delete rows;

  create temp table if not exists file_joins (
    person bigint not null, group_id text collate "C" not null, role smallint not null, row integer not null
  ) on commit delete rows;
  create temp table if not exists file_leaves (
    person bigint not null, group_id text collate "C" not null, row integer not null
  ) on commit delete rows;

  -- new people who were deleted before, and the id that they get back
  create temp table if not exists returns (
    person bigint not null, user_id bigint not null
  ) on commit delete rows;

  -- the plan; first_row and row are null if it follows from the file's silence
  -- people whom a roster should name and does not; fate: delete, withdraw (others claim them), keep
  create temp table if not exists absences (
    person bigint not null, fate text, reason text
  ) on commit delete rows;
  -- people of whom nothing else is planned, and who leave groups that are rosters, or join new ones
  create temp table if not exists leavers (
    person bigint not null, first_row integer
  ) on commit delete rows;
  create temp table if not exists planned_deletions (
    person bigint not null, first_row integer
  ) on commit delete rows;
  create temp table if not exists planned_scalars (
    person bigint not null, ${columns(companionColumns)}, ${columns(valueColumns)}, email text,
    email_normalized text collate "C", ${columns(ownerColumns)}, email_owner smallint, email_from text,
    username_changes boolean not null, changed text not null
  ) on commit delete rows;
  -- known people whose primary e-mail changes
  create temp table if not exists primary_emails (
    person bigint not null, email text not null, email_normalized text collate "C" not null
  ) on commit delete rows;
  create temp table if not exists planned_emails (
    person bigint not null, email_normalized text collate "C" not null, email text not null, action text not null,
    claims bigint
  ) on commit delete rows;
  create temp table if not exists planned_phones (
    person bigint not null, number text collate "C" not null, extension text collate "C" not null,
    message_type smallint, label text, carrier text, action text not null, owner smallint, claims bigint
  ) on commit delete rows;
  create temp table if not exists planned_memberships (
    person bigint not null, group_id text collate "C" not null, role_from smallint, role_to smallint,
    role_owner smallint, claims bigint, action text not null, row integer
  ) on commit delete rows;
  create temp table if not exists planned_links (
    person bigint not null, database_id text collate "C", is_visible boolean not null, departs boolean not null
  ) on commit delete rows;

  -- for the guard of a plan that would be held: the changes of the import that changed a person last, if it is of this source
  create temp table if not exists earlier_changes (
    person bigint not null, action text not null, changed jsonb not null, memberships jsonb not null
  ) on commit delete rows;

  -- entries of the change log for known people
  create temp table if not exists planned_changes (
    person bigint not null, first_row integer, action text not null, database_id text, username text,
    changed text not null, memberships text not null
  ) on commit delete rows;
`;
