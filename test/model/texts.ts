/** Single values that are plain texts: the model treats them alike. One row a field. */
import type { ScalarProperty, UserField } from "../../src/person/fields.ts";

interface TextRule {
  /** Name of the field in feeds. */
  readonly feed: UserField;
  /** A present blank withdraws the value: names stay. */
  readonly optional: boolean;
  /** Values that generated people and files have. */
  readonly values: readonly [string, ...string[]];
}

export const texts = {
  firstName: { feed: "firstName", optional: false, values: ["Ann", "Bob", "Zoë", "Zo?"] },
  lastName: { feed: "lastName", optional: false, values: ["Doe", "Roe & Sons", "Müller", "M?ller", "MÃ¼ller"] },
  preferredName: { feed: "preferredName", optional: true, values: ["Annie", "Bo"] },
  address: { feed: "address", optional: true, values: ["1 Main St|Town|ST|US|00123", "Dorm <4>"] },
} as const satisfies Partial<Record<ScalarProperty, TextRule>>;

export type TextProperty = keyof typeof texts;

/** The properties of plain texts. */
export const textProperties = Object.keys(texts) as TextProperty[];

/** An object with a value for each plain text. */
export const eachText = <Value>(make: (property: TextProperty, rule: TextRule) => Value): Record<TextProperty, Value> =>
  Object.fromEntries(textProperties.map((property) => [property, make(property, texts[property])])) as Record<
    TextProperty,
    Value
  >;
