import { Group, Paper, Text } from "@mantine/core";
import type { Import } from "../../api/imports.ts";

type Counts = NonNullable<Import["counts"]>;

const labels: readonly (readonly [keyof Counts, string])[] = [
  ["rows", "Rows"],
  ["added", "Added"],
  ["updated", "Updated"],
  ["unchanged", "Unchanged"],
  ["removed", "Removed"],
  ["withdrawn", "Withdrawn"],
  ["returned", "Returned"],
  ["merged", "Merged"],
  ["kept", "Kept"],
  ["failed", "Failed"],
  ["warnings", "Warnings"],
  ["membershipsAdded", "Memberships added"],
  ["membershipsRemoved", "Memberships removed"],
  ["groupsCreated", "Groups created"],
  ["locationsCreated", "Locations created"],
];
const always: ReadonlySet<keyof Counts> = new Set(["rows", "added", "updated", "unchanged", "removed", "failed"]);
const numbers = new Intl.NumberFormat();

/** The counts of an import. Rare ones appear only if they are not zero. */
export function Figures({ counts }: { readonly counts: Counts }) {
  return (
    <Group component="dl" gap="sm" my="md">
      {labels
        .filter(([key]) => always.has(key) || counts[key] > 0)
        .map(([key, label]) => (
          <Paper key={key} withBorder px="md" py="xs">
            <Text component="dt" size="sm" c="dimmed">
              {label}
            </Text>
            <Text
              component="dd"
              m={0}
              fw={650}
              size="lg"
              c={key === "failed" && counts.failed > 0 ? "var(--mantine-color-red-text)" : undefined}
            >
              {numbers.format(counts[key])}
            </Text>
          </Paper>
        ))}
    </Group>
  );
}
