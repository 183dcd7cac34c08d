/** The order given by a text beside a phone or an address. */
export type RemovalOrder = "remove" | "unclear" | undefined;

const order = /^(?:deleted?|removed?|0000\d)$/i;
const likeOrder = /delet|remov|^(?:del|rem|drop|purge|stop|unsubscribed?|opt[ -]?out)$|^0{2,}\d*(?:[.,]0+)?$/i;
/** Almost all texts have none of these. */
const suspect = /[dr]e[lm]|^0|^(?:drop|purge|stop|unsub|opt)/i;

/**
 * Reads whether a text orders to remove what it is beside (file formats, section 2): `delete`, `remove`, or a code like
 * 00002. A text that only looks like an order is unclear: what it is beside is neither removed nor added.
 */
export function readRemovalOrder(text: string): RemovalOrder {
  if (!suspect.test(text)) return undefined;
  if (order.test(text)) return "remove";
  return likeOrder.test(text) ? "unclear" : undefined;
}

const before = /^[([]?(?:deleted?|removed?|0000\d)[)\]]?[\s:=-]+(\S.*)$/is;
/** No code: a number may end in the same digits. */
const after = /^(.*\S)[\s:=-]+[([]?(?:deleted?|removed?)[)\]]?$/is;

/** The text that an order before or after it removes, as in `delete 2125550101` and `a@x.edu (remove)`. */
export function removedBy(text: string): string | undefined {
  if (text.length > longest || !/delet|remov|^[([]?0000/i.test(text)) return undefined;
  return before.exec(text)?.[1] ?? after.exec(text)?.[1];
}
const longest = 1_000;
