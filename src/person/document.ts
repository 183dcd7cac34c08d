import { type AddressDocument, showAddress } from "./address.ts";
import { type ScalarField, type ScalarProperty, type ScalarsOf, scalarFields } from "./fields.ts";
import { kindOf } from "./kinds.ts";

/** A phone as the API shows it (file formats, section 2). */
export interface PhoneDocument {
  /** E.164. */
  readonly number: string;
  /** Digits to dial after the call is answered; "" for none. */
  readonly extension: string;
  /** 1 text, 2 voice, 3 both. */
  readonly messageType: number;
  readonly label: string;
  readonly carrier: string;
}

/** A membership, seen from the person. The role is the number that feeds write (file formats, section 3). */
export interface MembershipDocument {
  readonly groupId: string;
  readonly role: number;
}

/** A source that knows the person, and by which databaseID. */
export interface SourceLinkDocument {
  readonly source: string;
  readonly databaseId: string | null;
}

/** The single values of a person as the API shows them. */
export type ScalarDocuments = ScalarsOf<{
  readonly text: string;
  readonly identifier: string | null;
  readonly address: AddressDocument | null;
  readonly texts: string[];
  readonly location: string | null;
  readonly flag: boolean;
}>;

/** The single values of a person of whom nothing is known, as the API shows them. */
export const blankScalars = Object.fromEntries(
  scalarFields.map((field) => [field.property, kindOf(field).blankDocument]),
) as unknown as ScalarDocuments;

/** The single values of an example of a person, as the API shows them. */
export const exampleScalars = Object.fromEntries(
  scalarFields.map(({ property, example }) => [property, example]),
) as unknown as ScalarDocuments;

/** True for a single value that says nothing: null, undefined, "", false, or an empty list. */
export const isBlankScalar = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === "" ||
  value === false ||
  (Array.isArray(value) && value.length === 0);

const isShownAsStored = ({ kind }: Pick<ScalarField, "kind">): boolean => kind !== "address";

const jsonScalars = scalarFields.map((field) => ({
  property: field.property,
  key: `"${field.property}":{"from":null,"to":`,
  isShownAsStored: isShownAsStored(field),
}));

/**
 * The members of the change log's `changed` for the single values of a new person, in the table's order. Blank values
 * are left out. `createdScalarsSql` makes the same text in SQL.
 * @param values the values in their stored form, by property
 */
export function createdScalarsJson(values: Readonly<Partial<Record<ScalarProperty, unknown>>>): string[] {
  const members: string[] = [];
  for (const { property, key, isShownAsStored } of jsonScalars) {
    const value = values[property];
    if (isBlankScalar(value)) continue;
    members.push(`${key}${JSON.stringify(isShownAsStored ? value : showAddress(value as string))}}`);
  }
  return members;
}

/** A phone as JSON. `phoneSql` makes the same text in SQL. */
export const phoneJson = ({ number, extension, messageType, label, carrier }: PhoneDocument): string =>
  `{"number":"${number}","extension":"${extension}","messageType":${messageType},"label":"${label}","carrier":${JSON.stringify(carrier)}}`;
