import { isDeepStrictEqual } from "node:util";
import sql, { type Sql } from "sql-template-tag";
import { z } from "zod";
import { MusterError } from "../errors.ts";
import { type Settings, settingsSchema } from "../organizations/settings.ts";
import { showAddress } from "../person/address.ts";
import { scalarFields } from "../person/fields.ts";
import { prepared, selectRow } from "../store/sql.ts";
import type { Executor } from "../store/statement.ts";
import { foldCase } from "./text.ts";
import { type FieldError, type NewUserInput, readUserInput, type UserEdit, type UserInput } from "./user-input.ts";
import { defaultGroups, type UserRowTarget } from "./user-rows.ts";
import type { UserDocument } from "./user-schema.ts";

/**
 * Reads the wanted values, makes sure that they are possible, and reduces them to those that differ from the stored ones.
 * The caller holds the organization's lock, so that what was found stays true.
 * @param stored the person as they are; null for a new one
 * @param memberships the groups of a new person
 * @throws MusterError request_invalid, or conflict when somebody else has the username
 */
export async function readEdit(
  executor: Executor,
  target: UserRowTarget,
  input: UserInput,
  stored: UserDocument | null,
  memberships: NonNullable<NewUserInput["memberships"]>,
): Promise<UserEdit> {
  const settings = await readSettings(executor, target.organizationId);
  const { edit, errors } = readUserInput(input, settings.countryCode, stored?.address ?? null);
  const found = (await selectRow(executor, foundRow, prepared(lookUp(target, edit, memberships))))!;
  const wanted = differing(edit.location ? { ...edit, location: found.location } : edit, stored);
  const invalid = [
    ...errors,
    ...(edit.location && found.location === null ? [{ field: "location", message: "is not a location" }] : []),
    ...groupErrors(memberships, found.unknownGroups),
    ...(errors.length === 0 ? missing(wanted, stored, settings) : []),
    ...(stored === null && memberships.length === 0 && settings.requireGroup && !found.hasDefaultGroup
      ? [{ field: "memberships", message: "is needed: a new person of this organization needs a group" }]
      : []),
  ];
  if (invalid.length > 0) throw requestInvalid(invalid);
  if (found.holder !== null) throw usernameTaken(found.holder);
  return wanted;
}

const settingsRow = z.object({ settings: z.unknown() });

/** The settings of an organization. */
export async function readSettings(executor: Executor, organizationId: number): Promise<Settings> {
  const row = await selectRow(executor, settingsRow, prepared(settingsOf(organizationId)));
  return settingsSchema.parse(row?.settings);
}

/** The statement of `readSettings`. */
export const settingsOf = (organizationId: number): Sql =>
  sql`select settings from organizations where id = ${organizationId}`;

const foundRow = z.object({
  /** The other person who has the username. */
  holder: z.int().nullable(),
  /** The location as it spells itself. */
  location: z.string().nullable(),
  unknownGroups: z.array(z.string()),
  /** True if every new person joins some group. */
  hasDefaultGroup: z.boolean(),
});

/** The statement that looks up what an edit names: a `foundRow`. */
export const lookUp = (
  { organizationId, userId }: UserRowTarget,
  edit: UserEdit,
  memberships: NonNullable<NewUserInput["memberships"]>,
): Sql => sql`
  select (
      select id from users where organization_id = ${organizationId}
        and username_normalized = ${edit.username ? foldCase(edit.username) : null} and id <> ${userId}) as holder,
    (select name from locations
      where organization_id = ${organizationId} and name_normalized = ${edit.location ? foldCase(edit.location) : null}
    ) as location,
    array(select group_id from unnest(${memberships.map(({ groupId }) => groupId)}::text[]) group_id
      where group_id not in (select group_id from groups where organization_id = ${organizationId})) as "unknownGroups",
    exists (${defaultGroups(organizationId)}) as "hasDefaultGroup"`;

/** The part of an edit that changes something. */
function differing(edit: UserEdit, stored: UserDocument | null): UserEdit {
  if (!stored) return edit;
  const shown: Partial<Record<keyof UserEdit, unknown>> = {
    ...edit,
    emails: edit.emails?.map(({ email }) => email),
    address: edit.address === undefined ? undefined : showAddress(edit.address),
  };
  for (const { property, kind } of scalarFields) {
    if (kind === "flag" && edit[property] !== undefined) shown[property] = edit[property] ?? false;
  }
  return Object.fromEntries(
    Object.entries(edit).filter(([name]) => {
      const property = name as keyof UserEdit;
      return !isDeepStrictEqual(shown[property], stored[property]);
    }),
  );
}

/** Values that a person needs and does not have (file formats, section 1). Of a known person only those that the edit takes away count. */
function missing(edit: UserEdit, stored: UserDocument | null, settings: Settings): FieldError[] {
  const {
    firstName = stored?.firstName ?? "",
    lastName = stored?.lastName ?? "",
    emails = stored?.emails ?? [],
  } = edit;
  const isNew = stored === null;
  const takesName = isNew || edit.firstName !== undefined || edit.lastName !== undefined;
  const takesEmails = isNew || edit.emails !== undefined;
  return [
    ...(takesName && firstName === "" && lastName === ""
      ? [{ field: "firstName", message: "or lastName is needed: a person has a name" }]
      : []),
    ...(takesEmails && emails.length === 0 && settings.requireEmail
      ? [{ field: "emails", message: "is needed: people of this organization have an e-mail" }]
      : []),
  ];
}

function groupErrors(
  memberships: NonNullable<NewUserInput["memberships"]>,
  unknownGroups: readonly string[],
): FieldError[] {
  const seen = new Set<string>();
  return memberships.flatMap(({ groupId }, index) => {
    const field = `memberships.${index}.groupId`;
    const isRepeated = seen.has(groupId);
    seen.add(groupId);
    if (unknownGroups.includes(groupId)) return [{ field, message: "is not a group" }];
    return isRepeated ? [{ field, message: "appears twice" }] : [];
  });
}

const mostErrors = 20;

function requestInvalid(errors: readonly FieldError[]): MusterError {
  const [first] = errors;
  const rest = errors.length > 1 ? ` (and ${errors.length - 1} more, see errors)` : "";
  return new MusterError("request_invalid", `Nothing was changed: ${first?.field} ${first?.message}${rest}.`, {
    field: first?.field ?? "",
    errors: errors.slice(0, mostErrors),
  });
}

function usernameTaken(holder: number): MusterError {
  return new MusterError(
    "conflict",
    `The username belongs to user ${holder}. Choose another one, or change that user first.`,
    {
      field: "username",
      errors: [{ field: "username", message: `belongs to user ${holder}` }],
    },
  );
}
