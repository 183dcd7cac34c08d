/** The parts of an address, in the order in which feeds and the database join them by `|`. */
export const addressParts = ["street", "city", "state", "country", "zip"] as const;
export type AddressPart = (typeof addressParts)[number];

/** An address as the API shows it: in five parts, or as free text. */
export type AddressDocument = { readonly [Part in AddressPart]: string } | { readonly text: string };

/** The parts of an address in its stored form; a single one is free text. They are trimmed. */
const split = (stored: string): string[] => stored.split("|").map((part) => part.trim());

/**
 * Reads an address as feeds write it (file formats, section 1): up to five parts joined by `|`, or free text.
 * @returns the stored form: five parts, free text, or "" for a blank one; undefined if it has more than five parts
 */
export function parseAddress(text: string): string | undefined {
  const parts = split(text);
  if (parts.length > addressParts.length) return undefined;
  return parts.every((part) => part === "") ? "" : parts.join("|");
}

/** Joins parts to the stored form; "" if all of them are blank. */
export function joinAddress(parts: { readonly [Part in AddressPart]?: string | undefined }): string {
  const values = addressParts.map((part) => parts[part] ?? "");
  return values.every((value) => value === "") ? "" : values.join("|");
}

/** The stored form of an address as the API shows it, like `address_document` of the database. */
export function showAddress(stored: string): AddressDocument | null {
  if (stored === "") return null;
  if (!stored.includes("|")) return { text: stored };
  const [street = "", city = "", state = "", country = "", zip = ""] = stored.split("|");
  return { street, city, state, country, zip };
}

/** An address as feeds write it; "" for none. */
export function formatAddress(address: AddressDocument | null): string {
  if (address === null) return "";
  return "text" in address ? address.text : joinAddress(address);
}
