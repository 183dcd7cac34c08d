import { Button, Group, Modal, Paper, Stack, Text, Textarea, Title } from "@mantine/core";
import { IconHandStop } from "@tabler/icons-react";
import { useState } from "react";
import { type Import, useImportDecision } from "../../api/imports.ts";
import type { Me } from "../../api/session.ts";
import { notifyDone, ProblemAlert } from "../../parts/problem-alert.tsx";
import { whenDone } from "../../parts/when-done.ts";

interface HoldPanelProps {
  readonly value: Import;
  readonly hold: NonNullable<Import["hold"]>;
  readonly me: Me;
}

/** Why the guard held an import, and the decision about it. */
export function HoldPanel({ value, hold, me }: HoldPanelProps) {
  const isSender = value.actor === `user:${me.id}`;
  const [first, ...others] = hold.reasons;
  return (
    <Paper withBorder p="lg" my="md" className="hold-panel">
      <Group gap="xs" mb="xs" c="orange" wrap="nowrap">
        <IconHandStop aria-hidden />
        <Text fw={650} c="var(--mantine-color-orange-light-color)">
          {titleOf(hold)}
        </Text>
      </Group>
      {first && <ReasonText reason={first} isFirst />}
      <Group my="md">
        <Decide value={value} mayApprove={!isSender} />
        <Text size="sm" c="dimmed">
          {isSender
            ? "You sent this file. Another administrator has to approve it."
            : "Approving applies exactly the plan below. If the records change meanwhile, the service asks again."}
        </Text>
      </Group>
      {others.length > 0 && (
        <Stack gap="md" mt="lg">
          <Title order={2} size="h5">
            Further limits that are exceeded
          </Title>
          {others.map((reason) => (
            <ReasonText key={reason.code + reason.message} reason={reason} />
          ))}
        </Stack>
      )}
    </Paper>
  );
}

interface ReasonProps {
  readonly reason: HoldPanelProps["hold"]["reasons"][number];
  readonly isFirst?: boolean;
}

function ReasonText({ reason, isFirst = false }: ReasonProps) {
  const { message, figure, of, limit, advice, examples } = reason;
  return (
    <div>
      <Text size={isFirst ? "xl" : "md"} fw={650}>
        {message}
      </Text>
      <Text size="sm">
        {figure.toLocaleString()}
        {of !== null && ` of ${of.toLocaleString()}`}; the limit is {limit}.
      </Text>
      {isFirst && <Text>{advice}</Text>}
      {examples.length > 0 && (
        <Text size="sm" c="dimmed">
          For example: {examples.join(" · ")}
        </Text>
      )}
    </div>
  );
}

const titleOf = ({ scope }: HoldPanelProps["hold"]): string =>
  scope === "everything"
    ? "The guard holds this file: nothing of it was applied"
    : "The guard holds the removals: additions and updates were applied";

function Decide({ value, mayApprove }: { readonly value: Import; readonly mayApprove: boolean }) {
  const [action, setAction] = useState<"approve" | "discard" | null>(null);
  const [reason, setReason] = useState("");
  const decision = useImportDecision(value.id);
  const close = () => {
    setAction(null);
    decision.reset();
  };
  const decide = () => {
    if (action === null || value.planHash === null) return;
    whenDone(decision.mutateAsync({ action, planHash: value.planHash, reason }), () => {
      notifyDone(action === "approve" ? "The plan was applied." : "The held plan was discarded.");
      close();
    });
  };
  return (
    <Group>
      {mayApprove && <Button onClick={() => setAction("approve")}>Approve…</Button>}
      <Button variant="default" onClick={() => setAction("discard")}>
        Discard…
      </Button>
      <Modal
        opened={action !== null}
        onClose={close}
        title={action === "approve" ? "Approve this plan" : "Discard this plan"}
      >
        <Textarea
          label="Reason"
          description="It is kept with the decision."
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
          autosize
          minRows={2}
          data-autofocus
        />
        {decision.isError && <ProblemAlert error={decision.error} />}
        <Group mt="md" justify="flex-end">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button color={action === "approve" ? undefined : "red"} loading={decision.isPending} onClick={decide}>
            {action === "approve" ? "Approve and apply" : "Discard"}
          </Button>
        </Group>
      </Modal>
    </Group>
  );
}
