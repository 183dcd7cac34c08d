import { Button, Group, NumberInput, Stack, Switch, Table, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { type Source, useSourceEdits } from "../../api/sources.ts";
import { notifyDone, ProblemAlert } from "../../parts/problem-alert.tsx";
import { whenDone } from "../../parts/when-done.ts";

type Guard = Source["guard"];
type Limit = Readonly<Record<string, number>>;

/** The words of a limit's name, such as "People removed". */
const wordsOf = (name: string): string => {
  const words = name.replaceAll(/([A-Z])/g, " $1").toLowerCase();
  return words[0]!.toUpperCase() + words.slice(1);
};

/** The limits of a guard by name; null: the guard does not look at it. */
function limitsOf(guard: Guard): ReadonlyMap<string, Limit | null> {
  return new Map(
    Object.entries(guard).flatMap(([name, value]) =>
      typeof value === "object" && name !== "removalDays" ? [[name, value as Limit | null]] : [],
    ),
  );
}

const units: Readonly<Record<string, string>> = { percent: "percent", above: "and more than", from: "from this size" };

/** The limits above which the guard holds an import of the source. */
export function GuardLimits({ source }: { readonly source: Source }) {
  const [guard, setGuard] = useState<Guard>(source.guard);
  const { save } = useSourceEdits(source);
  const limits = limitsOf(guard);
  const stored = limitsOf(source.guard);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    whenDone(save.mutateAsync({ guard }), () => notifyDone("The limits were changed."));
  };
  const set = (name: string, value: unknown) => setGuard((now) => ({ ...now, [name]: value }));
  return (
    <form onSubmit={submit}>
      <Stack maw={720}>
        <Text>The guard holds an import that exceeds a limit. A person then decides about its plan.</Text>
        <Switch
          label="Apply additions and updates at once, and hold the removals only"
          checked={guard.applyAdditions}
          onChange={({ currentTarget }) => set("applyAdditions", currentTarget.checked)}
        />
        <NumberInput
          label="Days whose removals count together"
          value={guard.removalDays ?? 0}
          min={0}
          allowDecimal={false}
          maw={280}
          onChange={(value) => set("removalDays", typeof value === "number" && value > 0 ? value : null)}
        />
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Limit</Table.Th>
              <Table.Th>Values</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {[...limits].map(([name, limit]) => (
              <LimitRow
                key={name}
                name={name}
                limit={limit}
                usual={stored.get(name) ?? null}
                onChange={(value) => set(name, value)}
              />
            ))}
          </Table.Tbody>
        </Table>
        {save.isError && <ProblemAlert error={save.error} />}
        <Button type="submit" loading={save.isPending} w="fit-content">
          Save
        </Button>
      </Stack>
    </form>
  );
}

interface LimitRowProps {
  readonly name: string;
  /** Null: the guard does not look at it. */
  readonly limit: Limit | null;
  /** The stored limit, which a switch turns on again. */
  readonly usual: Limit | null;
  readonly onChange: (limit: Limit | null) => void;
}

function LimitRow({ name, limit, usual, onChange }: LimitRowProps) {
  const label = wordsOf(name);
  return (
    <Table.Tr>
      <Table.Td>
        <Switch
          label={label}
          checked={limit !== null}
          disabled={limit === null && usual === null}
          onChange={({ currentTarget }) => onChange(currentTarget.checked ? usual : null)}
        />
      </Table.Td>
      <Table.Td>
        <Group gap="xs">
          {Object.entries(limit ?? {}).map(([unit, value]) => (
            <NumberInput
              key={unit}
              aria-label={`${label}, ${units[unit]}`}
              prefix={unit === "above" ? "> " : ""}
              suffix={unit === "percent" ? " %" : unit === "from" ? " or more" : ""}
              value={value}
              min={0}
              allowDecimal={false}
              w={120}
              size="xs"
              onChange={(entered) => typeof entered === "number" && onChange({ ...limit, [unit]: entered })}
            />
          ))}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
