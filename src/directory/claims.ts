/**
 * Bit numbers of those who claim a person, an e-mail, a phone or a membership in the sets of `claims` columns. They also say
 * who set a single value last (file formats, section 5). Sources follow from {@link firstSource} on. The sets never leave
 * SQL: they have 63 bits, JavaScript's numbers 53.
 */
export const manual = 0;
export const selfRegistered = 1;
export const byDefault = 2;
export const firstSource = 3;

/** Ways to come in without a feed, as the API names them; the index is the bit. */
export const origins = ["manual", "self-registered"] as const;
export type UserOrigin = (typeof origins)[number];
