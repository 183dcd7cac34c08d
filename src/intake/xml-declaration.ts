import { MusterError } from "../errors.ts";

/** An XML declaration of more characters is refused: the encoding that it names is not known. */
export const declarationLength = 1_024;

/** The contents of an XML declaration. */
export interface Declaration {
  /** The encoding, as written; absent when it names none. */
  readonly label?: string;
}

/**
 * Reads the XML declaration at the start of a document.
 * @param text the first characters; only its ASCII characters need be right
 * @param ended whether these are all
 * @returns nothing declared if there is no declaration; undefined as long as it is not complete
 * @throws MusterError `encoding_unsupported` for a declaration that is too long
 */
export function readDeclaration(text: string, ended: boolean): Declaration | undefined {
  if ("<?xml".startsWith(text.slice(0, 5)) && text.length < 6 && !ended) return undefined;
  if (!/^<\?xml[ \t\r\n]/.test(text)) return {};
  const end = text.indexOf("?>");
  if (end < 0) {
    if (text.length >= declarationLength) throw declarationTooLong();
    return ended ? {} : undefined;
  }
  const label = /[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*(["'])(.*?)\1/s.exec(text.slice(0, end))?.[2];
  return label === undefined ? {} : { label };
}

function declarationTooLong(): MusterError {
  const detail = `The XML declaration does not end within ${declarationLength.toLocaleString("en-US")} characters.`;
  const advice = 'Begin the file with <?xml version="1.0" encoding="UTF-8"?>. Nothing was changed.';
  return new MusterError("encoding_unsupported", `${detail} ${advice}`);
}
