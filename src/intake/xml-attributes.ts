import { localName } from "./column-slots.ts";

/** The value of an attribute, without regard to case and to the prefix of a namespace. */
export function attributeOf(attributes: Readonly<Record<string, string>>, wanted: string): string | undefined {
  for (const name in attributes) {
    if (name === wanted || (!name.startsWith("xmlns") && localName(name).toLowerCase() === wanted)) {
      return attributes[name];
    }
  }
  return undefined;
}

/** `nil` of Rails, `xsi:nil` of XML Schema, and `null`. */
export const isNull = (attributes: Readonly<Record<string, string>>): boolean =>
  ["nil", "null"].some((name) => isTrue(attributeOf(attributes, name)));

const isTrue = (value: string | undefined): boolean => value !== undefined && /^\s*(?:true|1)\s*$/i.test(value);

/** Names of attributes that hold values of a record: programs write them where Muster reads elements. */
export const valuesIn = (attributes: Readonly<Record<string, string>>): string[] =>
  Object.keys(attributes).filter((name) => !/^xmlns(?::|$)|^(?:[\w.-]+:)?(?:type|nil|null|space|lang)$/i.test(name));
