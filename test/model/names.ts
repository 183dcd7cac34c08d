/** How names are compared (file formats, section 4.2). */

/** Marks that NFKD separates from letters. The vowel and voicing marks of other scripts are letters and are not among them. */
const accents = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f";
const blanks = "\u0001-\u0020\u007f-\u00ad\u1680\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff";
const apostrophes = "'`\u02b9-\u02bf\u2018-\u201b\u2032\u2035";
const hyphens = "\\u002d\u2010-\u2015\u2212";
const ignored = new RegExp(`[${accents}${blanks}${apostrophes}${hyphens}.]`, "g");

/** Letters that no decomposition turns into plain ones. */
const plainLetters: Readonly<Record<string, string>> = {
  ı: "i",
  ł: "l",
  ø: "o",
  đ: "d",
  ħ: "h",
  ŧ: "t",
  ð: "d",
  ς: "σ",
  ß: "ss",
  æ: "ae",
  œ: "oe",
  þ: "th",
};

/** A name as names are compared. One that has no letter is compared as it is. */
export const foldName = (name: string): string =>
  name
    .normalize("NFKD")
    .replace(ignored, "")
    .toLowerCase()
    .replace(/[ıłøđħŧðςßæœþ]/g, (letter) => plainLetters[letter]!) || name;

/** The names of a person. */
export interface Names {
  readonly first: string;
  readonly last: string;
}

/** How far two people's names agree. */
export const agreement = { differs: 0, unnamed: 1, firstName: 2, bothNames: 3 } as const;

/** Folds both names. A lone name counts as the first name. */
export function foldNames({ first, last }: Names): Names {
  const folded = { first: foldName(first), last: foldName(last) };
  return folded.first === "" ? { first: folded.last, last: "" } : folded;
}

/** Tells how far names agree: both names in either order, the first name, not at all, or one side has no name. */
export function nameAgreement(one: Names, other: Names): number {
  const [a, b] = [foldNames(one), foldNames(other)];
  if (a.first === "" || b.first === "") return agreement.unnamed;
  if (a.first === b.first && a.last === b.last) return agreement.bothNames;
  if (a.first === b.last && a.last === b.first) return agreement.bothNames;
  return a.first === b.first ? agreement.firstName : agreement.differs;
}

/** Two people can be the same by their names: the first names agree, or both agree in swapped order. */
export const namesAgree = (one: Names, other: Names): boolean => nameAgreement(one, other) >= agreement.firstName;
