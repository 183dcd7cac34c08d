import type { RowIssue } from "../errors.ts";
import type { ScalarsOf, UserField } from "../person/fields.ts";

/** Records that are read in one go, before other work of the process has its turn: a fraction of a millisecond. */
export const batchRows = 5;

/**
 * A record as it appears in the file, in any format: the strings of its fields, trimmed.
 * An absent field says nothing; one that is present and blank ("") may withdraw.
 */
export interface SourceRecord<Field extends string = UserField> {
  /** 1-based number of the record in the file. */
  readonly row: number;
  /** 1-based line on which the record begins. */
  readonly line: number;
  readonly values: Readonly<Partial<Record<Field, string>>>;
  /** Why it cannot be applied, as far as that shows before its values are looked at. */
  readonly failure?: RowIssue;
  /** Warnings of the reader, such as about bytes that are not in the file's encoding. */
  readonly notes?: readonly RowIssue[];
  /** The values are, or may be, in the wrong columns, so that even its identifiers are unusable. */
  readonly unreadable?: boolean;
  /** The file ends in it without a line end, as it also would if it were cut off within the last value. */
  readonly mayBeCutOff?: boolean;
}

/** An e-mail address: as written, and as compared. */
export interface EmailAddress {
  readonly email: string;
  readonly normalized: string;
}

/** A number and its extension: a person has each once. */
export interface PhoneKey {
  /** E.164, with its +. */
  readonly number: string;
  /** Digits to dial after the call is answered; "" for none. */
  readonly extension: string;
}

/** A phone (file formats, section 2). */
export interface Phone extends PhoneKey {
  /** 1 text, 2 voice, 3 both. */
  readonly messageType: 1 | 2 | 3;
  readonly label: "home" | "work" | "cell" | "other";
  readonly carrier: string;
}

/** The orders of the groupID column (file formats, section 3). Removals apply before additions. */
export interface GroupOrders {
  /** 00000: delete the person. */
  readonly deletePerson: boolean;
  /** 00001: leave all groups first. */
  readonly leaveAll: boolean;
  /** Groups to leave. */
  readonly leave: readonly string[];
  /** Groups to join, each once, with the highest permitted role; `null` is a token without a role. */
  readonly join: readonly { readonly groupId: string; readonly role: number | null }[];
  /** Some token could not be read, so that the row ends no membership by its silence. */
  readonly incomplete?: true;
}

/** The single values of a row. Absent ones say nothing; a present blank is "", or [] for texts. */
export type RowScalars = Partial<
  ScalarsOf<{
    readonly text: string;
    readonly identifier: string;
    /** Parts joined by |, or free text. */
    readonly address: string;
    /** By position. Blank values at the end are left off. */
    readonly texts: readonly string[];
    /** As the sender spells it. */
    readonly location: string;
    readonly flag: boolean | "";
  }>
>;

/** A record that was read and normalised. Reconciliation works on these. */
export interface UserRow extends RowScalars {
  readonly row: number;
  readonly line: number;
  /** The username as compared. */
  readonly usernameNormalized?: string;
  readonly databaseId?: string;
  /** The first is the primary one. [] when present and blank. */
  readonly emails?: readonly EmailAddress[];
  /** Some address could not be read, so that no address may be withdrawn. */
  readonly emailsIncomplete: boolean;
  /** Addresses that the row orders to remove, as far as this source claims them. Absent without such an order. */
  readonly emailRemovals?: readonly EmailAddress[];
  /** [] when present and blank. */
  readonly phones?: readonly Phone[];
  /** Some phone could not be read, so that no phone may be withdrawn. */
  readonly phonesIncomplete: boolean;
  /** Numbers that the row orders to remove, as far as this source claims them. Absent without such an order. */
  readonly phoneRemovals?: readonly PhoneKey[];
  readonly groups?: GroupOrders;
  /** True when the groupID column names at least one group to join, known or not. */
  readonly namesGroup: boolean;
  /** Warnings. */
  readonly issues: readonly RowIssue[];
  /** Why the row cannot be applied. Its identifiers still count as present. */
  readonly failure?: RowIssue;
}

/** The settings by which a record is normalised. */
export interface NormalizationRules {
  /** Calling code of phones that name none. */
  readonly countryCode: string;
  /** Roles that an import may grant beside member. */
  readonly grantableRoles: readonly number[];
  /** Ids of groups that look like a list or like damage, and are neither: those with a comma, and with lost letters. */
  readonly unusualGroups?: ReadonlySet<string>;
}
