import { MusterError } from "../errors.ts";
import type { Encoding } from "./reading.ts";

/** The encodings as messages write them. */
export const encodingTitles: Readonly<Record<Encoding, string>> = {
  "utf-8": "UTF-8",
  "utf-16le": "UTF-16LE",
  "utf-16be": "UTF-16BE",
  "windows-1252": "Windows-1252",
  "windows-1250": "Windows-1250",
  "iso-8859-2": "ISO-8859-2",
  "iso-8859-15": "ISO-8859-15",
  macintosh: "MacRoman",
  ibm850: "IBM850",
  ibm437: "IBM437",
};

/** The labels of the WHATWG Encoding Standard, 4.2, and those that IANA, Excel, Java and .NET write. */
const labels: Readonly<Record<Encoding, string>> = {
  // Unlike WHATWG's, ASCII is not Windows-1252 here: a file that claims ASCII and is not is UTF-8 or refused.
  "utf-8": `utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 cp65001 utf-8-sig
    us-ascii ascii ansi_x3.4-1968`,
  "utf-16le": "utf-16 utf16 ucs-2 unicode csunicode iso-10646-ucs-2 utf-16le utf16le unicodefeff",
  "utf-16be": "utf-16be utf16be unicodefffe",
  "windows-1252": `windows-1252 cp1252 x-cp1252 1252 ansi iso-8859-1 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987
    iso-ir-100 csisolatin1 latin1 l1 cp819 ibm819`,
  "windows-1250": "windows-1250 cp1250 x-cp1250 1250",
  "iso-8859-2": "iso-8859-2 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 iso-ir-101 csisolatin2 latin2 l2",
  "iso-8859-15": "iso-8859-15 iso8859-15 iso885915 iso_8859-15 csisolatin9 latin9 latin-9 l9",
  macintosh: "macintosh mac macroman mac-roman x-mac-roman csmacintosh cp10000",
  ibm850: "ibm850 cp850 850 cspc850multilingual dos-850",
  ibm437: "ibm437 cp437 437 cspc8codepage437 dos-437",
};

const encodingsByLabel: ReadonlyMap<string, Encoding> = new Map(
  (Object.entries(labels) as [Encoding, string][]).flatMap(([encoding, names]) =>
    names.split(/\s+/).map((label): [string, Encoding] => [label, encoding]),
  ),
);

/**
 * The encoding that a label names, without regard to case. `utf-16` is little endian unless a byte order mark says
 * otherwise.
 * @returns undefined for an encoding that Muster does not read
 */
export function encodingNamed(label: string): Encoding | undefined {
  return encodingsByLabel.get(label.trim().toLowerCase());
}

/**
 * The encoding that a label names, as `encodingNamed` does.
 * @throws MusterError `encoding_unsupported` for an encoding that Muster does not read
 */
export function supportedEncoding(label: string): Encoding {
  const encoding = encodingNamed(label);
  if (encoding === undefined) throw unsupportedEncoding(label);
  return encoding;
}

/** The problem of a body in an encoding that Muster does not read. */
export function unsupportedEncoding(label: string): MusterError {
  const name = label.replace(/[^A-Za-z0-9._:-]/g, "?").slice(0, 40);
  const known = Object.values(encodingTitles).filter((title) => !title.startsWith("UTF-16"));
  const detail = `Muster cannot read the encoding ${name || '""'}. It reads UTF-16, ISO-8859-1, ${known.join(", ")}.`;
  const advice = 'Export the file as UTF-8. If it has an XML declaration, let that say encoding="UTF-8".';
  return new MusterError("encoding_unsupported", `${detail} ${advice} Nothing was changed.`);
}
