import { XMLBuilder } from "fast-xml-parser";

const builder = new XMLBuilder({
  ignoreAttributes: false,
  attributeNamePrefix: "@",
  textNodeName: "#",
  processEntities: true,
  suppressEmptyNode: true,
  suppressBooleanAttributes: false,
  format: true,
  indentBy: "  ",
});

/** Characters that XML 1.0 (section 2.2) cannot contain, lone surrogates included. */
const notACharacter = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/** How arrays are written: for our own documents, or as problem details have it (RFC 9457, appendix B). */
type ArrayStyle = "typed" | "problem";

/**
 * Writes a JSON value as an XML document. Members become elements in their order, `null` becomes an empty element with
 * `nil="true"`, an array an element with `type="array"` and one child an item (`errors` holds `error`); characters that
 * XML cannot hold become U+FFFD.
 *
 * @param rootName name of the root element; it and the names of members are ours, never a sender's
 */
export function toXml(rootName: string, value: object): string {
  return write({ [rootName]: element(rootName, value, "typed") });
}

/** Writes problem details as XML (RFC 9457, appendix B). */
export function problemToXml(details: object): string {
  const problem = element("problem", details, "problem") as object;
  return write({ problem: { "@xmlns": "urn:ietf:rfc:7807", ...problem } });
}

/** Writes the members of a JSON value as elements, without a root and a declaration around them. */
export function toXmlElements(value: object): string {
  return writeElements(element("", value, "typed") as object);
}

/** With what a document begins. */
export const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

const write = (document: object): string => xmlDeclaration + writeElements(document);

// A bare carriage return would be read as a line feed (section 2.11); only values hold any.
const writeElements = (elements: object): string => builder.build(elements).replaceAll("\r", "&#13;");

function element(name: string, value: unknown, arrays: ArrayStyle): unknown {
  if (value === null) return { "@nil": "true" };
  if (Array.isArray(value)) {
    const child = arrays === "problem" ? "i" : singular(name);
    const items = { [child]: value.map((item) => element(child, item, arrays)) };
    return arrays === "problem" ? items : { "@type": "array", ...items };
  }
  if (typeof value === "object") {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([member, inner]) => [member, element(member, inner, arrays)]),
    );
  }
  return { "#": String(value).replace(notACharacter, "\uFFFD") };
}

function singular(name: string): string {
  if (name.endsWith("ies")) return `${name.slice(0, -3)}y`;
  return name.endsWith("s") ? name.slice(0, -1) : "item";
}
