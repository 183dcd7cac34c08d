import { MusterError } from "../../errors.ts";

const unchanged = "Nothing was changed.";
const known = "base64, quoted-printable, binary, 8bit or 7bit";

/**
 * Undoes the Content-Transfer-Encoding of a part of a form (RFC 2045, section 6).
 * @param name value of the header; undefined: the bytes are as they are
 * @throws MusterError multipart_invalid for an encoding that Muster does not read; so does the iteration for bytes that
 *   are not in the encoding
 */
export function transferDecoded(body: AsyncIterable<Uint8Array>, name: string | undefined): AsyncIterable<Uint8Array> {
  switch ((name ?? "binary").trim().toLowerCase()) {
    case "base64":
      return fromBase64(body);
    case "quoted-printable":
      return fromQuotedPrintable(body);
    case "":
    case "binary":
    case "8bit":
    case "7bit":
      return body;
    default: {
      const detail = `The Content-Transfer-Encoding of the file may be ${known}. Send the file as it is, without this header. ${unchanged}`;
      throw new MusterError("multipart_invalid", detail, { field: "Content-Transfer-Encoding" });
    }
  }
}

async function* fromBase64(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  /** Characters that are not a whole group of four yet. */
  let rest = "";
  let isEnded = false;
  for await (const chunk of body) {
    const text =
      rest +
      Buffer.from(chunk)
        .toString("latin1")
        .replace(/[\s\0]+/g, "");
    if (isEnded && text !== "") throw notBase64();
    const whole = text.length - (text.length % 4);
    const groups = text.slice(0, whole);
    rest = text.slice(whole);
    if (groups === "") continue;
    isEnded = groups.endsWith("=");
    yield decodedGroups(groups);
  }
  if (rest !== "") throw notBase64();
}

function decodedGroups(groups: string): Buffer {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(groups)) throw notBase64();
  return Buffer.from(groups, "base64");
}

const notBase64 = () => {
  const detail = `The file of the form is not base64, or is cut off, although its Content-Transfer-Encoding says base64. Remove this header, or encode the whole file again. ${unchanged}`;
  return new MusterError("multipart_invalid", detail, { field: "Content-Transfer-Encoding" });
};

/** Most characters of a soft line break and the blanks before it that are held back. */
const longestBreak = 1_000;

async function* fromQuotedPrintable(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  /** The end of the text, which may be part of a soft line break or of an escaped byte. */
  let held = "";
  for await (const chunk of body) {
    const text = held + Buffer.from(chunk).toString("latin1");
    const start = text.lastIndexOf("=");
    const isOpen =
      start >= 0 && text.length - start < longestBreak && /^=(?:[0-9A-Fa-f]?|[ \t]*\r?)$/.test(text.slice(start));
    held = isOpen ? text.slice(start) : "";
    yield decodedText(isOpen ? text.slice(0, start) : text);
  }
  // A sign at the very end is a soft line break.
  yield decodedText(held === "=" ? "" : held);
}

/** Anything but an escaped byte stays: senders that only claim the encoding write `="00001"`. */
const decodedText = (text: string): Buffer =>
  Buffer.from(
    text.replace(/=(?:[ \t]*\r?\n|([0-9A-Fa-f]{2}))/g, (_, byte?: string) =>
      byte === undefined ? "" : String.fromCharCode(Number.parseInt(byte, 16)),
    ),
    "latin1",
  );
