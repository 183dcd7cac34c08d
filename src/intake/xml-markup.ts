import type { SaxesParser } from "saxes";

/** A place in a document: 1-based, the column in characters. */
export interface XmlPlace {
  readonly line: number;
  readonly column: number;
}

/** A construct that is neither text nor a tag. */
export type XmlSection = "comment" | "CDATA section" | "processing instruction" | "document type declaration";

/**
 * The markup that the parser has read since its last event: a text or a tag that goes on, with the comments and
 * processing instructions before it. saxes collects no more than this, so its length bounds what saxes holds. And it
 * tells what is wrong where saxes notices late: after a bare & saxes reads on to the next semicolon, even pages later.
 */
export interface XmlMarkup {
  /** Index of the next character of the document, 0-based, in UTF-16 code units. */
  position(): number;
  /** Takes the piece that goes to the parser next, and tells when the parser has read it. */
  write(piece: string): void;
  written(): void;
  /** Takes note of an event; `opened` if its < belongs to what follows. */
  begin(opened: boolean): void;
  /** Characters read since the last event. */
  length(): number;
  /** The section that is being read, if it is one. */
  section(): XmlSection | undefined;
  /** The place of the first & that begins no reference, in a text or tag that is being read. */
  bareAmpersand(): XmlPlace | undefined;
  /** The place of the < of the tag that is being read. */
  tag(): XmlPlace;
  /** The place of the first character of the text that is being read, or was just read, that isn't white space. */
  text(): XmlPlace;
  /** The character that was read last; undefined before the first one. */
  lastCharacter(): string | undefined;
  /** The reference that was read last, e.g. "&nbsp;". */
  lastReference(): string;
}

const sections: Readonly<Record<string, XmlSection>> = {
  "<!--": "comment",
  "<![CDATA[": "CDATA section",
  "<?": "processing instruction",
  "<!DOCTYPE": "document type declaration",
};

/** An & that begins no reference; one that is cut by the end may still become one. */
const bareAmpersandPattern = /&(?!(?:#[0-9]*|#x[0-9a-f]*|[\p{L}_:][\p{L}\p{M}\p{N}._:·-]*)?(?:;|$))/iu;

/** Follows what `saxes` reads. Of its events text, cdata, opentag and closetag must call `begin`. */
export function trackMarkup(saxes: SaxesParser): XmlMarkup {
  /** Text from the position `pendingStart` on, which is at or before the last event. */
  let pending = "";
  let pendingStart = 0;
  let eventPosition = 0;
  let eventLine = 1;
  let eventColumn = 0;
  let eventOpened = false;
  let total = 0;
  let reading = false;

  // between two pieces saxes counts the last one twice
  const position = (): number => (reading ? saxes.position : total);
  const read = (): string => {
    const markup = pending.slice(eventPosition - pendingStart, position() - pendingStart);
    return eventOpened ? `<${markup}` : markup;
  };
  const placeAt = (markup: string, index: number): XmlPlace => {
    const lines = markup.slice(0, index).split(/\r\n?|\n/);
    const column = [...lines.at(-1)!].length + 1;
    const before = eventOpened ? eventColumn - 1 : eventColumn;
    return { line: eventLine + lines.length - 1, column: lines.length === 1 ? before + column : column };
  };
  return {
    position,
    write(piece) {
      reading = true;
      total += piece.length;
      pending = pending.slice(eventPosition - pendingStart) + piece;
      pendingStart = eventPosition;
    },
    written() {
      reading = false;
    },
    begin(opened) {
      eventPosition = position();
      eventLine = saxes.line;
      eventColumn = saxes.column;
      eventOpened = opened;
    },
    length: () => position() - eventPosition,
    section: () => sectionOf(read()),
    bareAmpersand() {
      const markup = read();
      if (sectionOf(markup) !== undefined) return undefined;
      const start = current(markup);
      const index = markup.slice(start).search(bareAmpersandPattern);
      return index < 0 ? undefined : placeAt(markup, start + index);
    },
    tag() {
      const markup = read();
      return placeAt(markup, Math.max(0, markup.lastIndexOf("<")));
    },
    text() {
      const markup = read();
      const start = current(markup);
      return placeAt(markup, start + Math.max(0, markup.slice(start).search(/[^ \t\r\n]/)));
    },
    lastCharacter: () => [...read()].at(-1),
    lastReference: () => /&[^&;]*;$/.exec(read())?.[0] ?? "This entity",
  };
}

/** The index in the markup at which the text, tag or section begins that is not complete. */
function current(markup: string): number {
  return /^(?:[ \t\r\n]*<(?:!--.*?-->|\?.*?\?>))*/s.exec(markup)?.[0].length ?? 0;
}

/** The section at the end of the markup that is not complete, if there is one. */
function sectionOf(markup: string): XmlSection | undefined {
  const start = /^[ \t\r\n]*(<!--|<!\[CDATA\[|<\?|<!DOCTYPE)/.exec(markup.slice(current(markup)))?.[1];
  return start === undefined ? undefined : sections[start];
}
