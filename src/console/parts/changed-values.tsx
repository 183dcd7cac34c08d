import { Text } from "@mantine/core";

/** Changed values and memberships, as the API lists them. */
interface ChangedValuesProps {
  readonly changed: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  readonly memberships: readonly {
    readonly groupId: string;
    readonly role: { readonly from: number | null; readonly to: number | null };
  }[];
}

/** Changed values from old to new, and memberships that came, went or changed their role. */
export function ChangedValues({ changed, memberships }: ChangedValuesProps) {
  return (
    <>
      {Object.entries(changed).map(([field, { from, to }]) => (
        <Text key={field} size="sm">
          {field}: <del>{valueText(from)}</del> → <ins>{valueText(to)}</ins>
        </Text>
      ))}
      {memberships.map(({ groupId, role: { from, to } }) => (
        <Text key={groupId} size="sm">
          {membershipText(groupId, from, to)}
        </Text>
      ))}
    </>
  );
}

function membershipText(groupId: string, from: number | null, to: number | null): string {
  if (from === null) return to ? `joins ${groupId} with role ${to}` : `joins ${groupId}`;
  return to === null ? `leaves ${groupId}` : `role in ${groupId}: ${from} → ${to}`;
}

/** A value in words: a list with commas, an object by its values, nothing as a dash. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined || value === "") return "–";
  if (Array.isArray(value)) return value.length === 0 ? "–" : value.map(valueText).join(", ");
  if (typeof value === "object") {
    return Object.values(value)
      .filter((part) => part !== "")
      .map(valueText)
      .join(" ");
  }
  return String(value);
}
