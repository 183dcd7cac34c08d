import { codePoint } from "./printable.ts";

const correct = "Correct the export and send the file again.";
const tag =
  "a tag has a character that is not allowed there. Perhaps the file was cut off in the middle of a tag and goes on with the next one, or a < in a text is not written as &lt;.";
const attribute =
  'a tag has something else than attributes such as type="array" after its name. Names of elements contain no blanks, and a < in a text is written as &lt;.';

/** The advice for the messages of the parser, by their beginning. */
const explanations: readonly (readonly [message: string, explanation: string])[] = [
  ["disallowed character in tag name", tag],
  ["forward-slash in opening tag", tag],
  ["disallowed character in closing tag", tag],
  ["disallowed character in attribute name", attribute],
  ["attribute without value", attribute],
  ["no whitespace between attributes", attribute],
  ["unquoted attribute value", 'the value of an attribute is not in quotation marks: write type="array".'],
  [
    "an XML declaration must be at the start",
    "<?xml …?> is not at the beginning of the file. Remove the blank lines or the text before it; if several documents were joined, send them one by one.",
  ],
  [
    "the XML declaration must appear at the start",
    "<?xml …?> is not at the beginning of the file. Remove the blank lines or the text before it; if several documents were joined, send them one by one.",
  ],
  ["documents may contain only one root", "another document follows. Send the documents one by one."],
  ['the string "]]>"', "a text contains ]]>. Write it as ]]&gt;."],
  ["malformed comment", "a comment contains --. Remove the comment."],
];

/**
 * Explains a message of the XML parser to a sender.
 * @param character the character that was read last
 */
export function explainFault(message: string, character: string | undefined): string {
  if (message === "disallowed character." && character !== undefined) {
    return `the character ${codePoint(character)} is not allowed in XML. Remove control characters from the export, and send the file again.`;
  }
  const [, explanation] = explanations.find(([begin]) => message.startsWith(begin)) ?? [];
  const what = explanation ?? (message.endsWith(".") ? message : `${message}.`);
  return `${what} ${correct}`;
}
