/** Tells on which line and column of a document a byte is, while the document is read piece by piece. */
export interface JsonPlaces {
  /** Bytes of the pieces so far. */
  position(): number;
  /** Goes on with the next piece. */
  begin(piece: Uint8Array): void;
  /** The 1-based line of a byte of this piece or of one before it; places are asked for in ascending order. */
  lineOf(offset: number): number;
  /** The 1-based column of a byte, in characters. If its line began in an earlier piece, bytes count for characters there. */
  columnOf(offset: number): number;
}

/** Counts the line ends of one document: CR, LF, and both together. */
export function createJsonPlaces(): JsonPlaces {
  let piece: Uint8Array = new Uint8Array(0);
  let pieceStart = 0;
  let line = 1;
  let lineStart = 0;
  let counted = 0;
  let previous: number | undefined;
  const countTo = (offset: number): void => {
    const end = Math.min(offset - pieceStart, piece.length);
    for (let at = counted - pieceStart; at < end; at += 1) {
      const byte = piece[at];
      if (byte === 0x0d || (byte === 0x0a && previous !== 0x0d)) line += 1;
      if (byte === 0x0d || byte === 0x0a) lineStart = pieceStart + at + 1;
      previous = byte;
      counted = pieceStart + at + 1;
    }
  };
  const position = () => pieceStart + piece.length;
  return {
    position,
    begin(next) {
      countTo(position());
      pieceStart = position();
      piece = next;
    },
    lineOf(offset) {
      countTo(offset);
      return line;
    },
    columnOf(offset) {
      countTo(offset);
      const start = Math.max(lineStart, pieceStart);
      const text = piece.subarray(start - pieceStart, Math.max(start, offset) - pieceStart);
      return Math.min(start, offset) - lineStart + Buffer.from(text).toString().length + 1;
    },
  };
}
