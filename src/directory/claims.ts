/**
 * Who claims a person, an e-mail, a phone or a membership, and who set a scalar last (file formats, section 5), by bit
 * number of the sets in `claims` columns. Sources follow from {@link firstSource} on. The sets never leave SQL: they
 * have 63 bits, JavaScript's numbers 53.
 */
export const manual = 0;
export const selfRegistered = 1;
export const byDefault = 2;
export const firstSource = 3;

/** How a person came in without a feed, as the API names it; the index is the bit. */
export const origins = ["manual", "self-registered"] as const;
export type UserOrigin = (typeof origins)[number];
