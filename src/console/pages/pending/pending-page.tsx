import { Alert, Badge, Button, Checkbox, Group, Paper, SegmentedControl, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { type PendingItem, type PendingType, usePending } from "../../api/pending.ts";
import { PageTitle } from "../../parts/page-title.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Time } from "../../parts/time.tsx";
import { Waiting } from "../../parts/waiting.tsx";
import { DecideModal } from "./decide-modal.tsx";

const types = [
  { value: "", label: "All" },
  { value: "topic", label: "Topics" },
  { value: "membership", label: "Requests" },
  { value: "import", label: "Held imports" },
];

/** Everything that waits for a decision of the person. */
export default function PendingPage() {
  const [type, setType] = useState("");
  const pending = usePending(type === "" ? {} : { type: type as PendingType });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [decision, setDecision] = useState<{ action: "approve" | "reject"; items: readonly PendingItem[] } | null>(
    null,
  );
  const selected = pending.items.filter(({ id }) => chosen.has(id));
  const toggle = (id: string) =>
    setChosen((before) =>
      before.has(id) ? new Set([...before].filter((one) => one !== id)) : new Set([...before, id]),
    );
  if (pending.isError) return <ProblemAlert error={pending.error} retry={() => void pending.refetch()} />;
  return (
    <>
      <PageTitle title="Pending" note="Topics, requests and held imports that wait for a decision, the oldest first." />
      <Group mb="md" justify="space-between">
        <SegmentedControl data={types} value={type} onChange={setType} aria-label="Type" />
        {selected.length > 0 && (
          <Group gap="xs">
            <Button onClick={() => setDecision({ action: "approve", items: selected })}>
              Approve {selected.length}…
            </Button>
            <Button variant="default" onClick={() => setDecision({ action: "reject", items: selected })}>
              Reject {selected.length}…
            </Button>
          </Group>
        )}
      </Group>
      {pending.isPending && <Waiting />}
      {pending.isSuccess && pending.items.length === 0 && <Text c="dimmed">Nothing waits for you.</Text>}
      <Stack component="ul" p={0} m={0} style={{ listStyle: "none" }}>
        {pending.items.map((item) => (
          <li key={item.id}>
            <Item
              item={item}
              isChosen={chosen.has(item.id)}
              onToggle={() => toggle(item.id)}
              onDecide={(action) => setDecision({ action, items: [item] })}
            />
          </li>
        ))}
      </Stack>
      {pending.hasNextPage && (
        <Button
          mt="md"
          variant="default"
          loading={pending.isFetchingNextPage}
          onClick={() => void pending.fetchNextPage()}
        >
          Show more
        </Button>
      )}
      {decision && (
        <DecideModal
          {...decision}
          onClose={() => {
            setDecision(null);
            setChosen(new Set());
          }}
        />
      )}
    </>
  );
}

const labels: Readonly<Record<PendingType, string>> = {
  topic: "Topic",
  membership: "Request to join",
  import: "Held import",
};

interface ItemProps {
  readonly item: PendingItem;
  readonly isChosen: boolean;
  readonly onToggle: () => void;
  readonly onDecide: (action: "approve" | "reject") => void;
}

function Item({ item, isChosen, onToggle, onDecide }: ItemProps) {
  const mayDecide = item.actions.includes("approve") || item.actions.includes("reject");
  return (
    <Paper withBorder p="md">
      <Group align="flex-start" wrap="nowrap">
        {mayDecide && item.type !== "import" && (
          <Checkbox checked={isChosen} onChange={onToggle} aria-label={`Choose ${item.summary}`} mt={4} />
        )}
        <Stack gap={4} flex={1} miw={0}>
          <Group gap="xs">
            <Badge variant="light" color={item.type === "import" ? "orange" : "blue"} autoContrast>
              {labels[item.type]}
            </Badge>
            <Text size="sm" c="dimmed">
              {item.groupName ?? item.groupId ?? ""} {item.requestedBy.name}, <Time at={item.createdAt} />
            </Text>
          </Group>
          <Text fw={650} lineClamp={4}>
            {item.summary}
          </Text>
          {item.type === "topic" && item.text && <Text style={{ whiteSpace: "pre-wrap" }}>{item.text}</Text>}
          {!mayDecide && (
            <Alert color="gray" variant="light" p="xs">
              Somebody else has to decide about this item.
            </Alert>
          )}
          <Group gap="xs" mt="xs">
            {item.type === "import" ? (
              <Button component={Link} href={`/imports/${item.id}`} variant="light">
                Review
              </Button>
            ) : (
              <>
                {item.actions.includes("approve") && <Button onClick={() => onDecide("approve")}>Approve</Button>}
                {item.actions.includes("reject") && (
                  <Button variant="default" onClick={() => onDecide("reject")}>
                    Reject
                  </Button>
                )}
              </>
            )}
          </Group>
        </Stack>
      </Group>
    </Paper>
  );
}
