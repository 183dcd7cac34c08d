import { Button, Group, List, Modal, Text, Textarea } from "@mantine/core";
import { useState } from "react";
import { type PendingItem, useDecisions } from "../../api/pending.ts";
import { notifyDone, ProblemAlert } from "../../parts/problem-alert.tsx";
import { whenDone } from "../../parts/when-done.ts";

interface DecideModalProps {
  readonly action: "approve" | "reject";
  readonly items: readonly PendingItem[];
  readonly onClose: () => void;
}

/** Asks for the reason of a decision, and shows what became of each item. */
export function DecideModal({ action, items, onClose }: DecideModalProps) {
  const [reason, setReason] = useState("");
  const decisions = useDecisions();
  const needsReason = action === "reject" && items.some(({ type }) => type === "topic");
  const refused = decisions.data?.items.filter(({ problem }) => problem !== null) ?? [];
  const summaries = new Map(items.map(({ id, summary }) => [id, summary]));
  const decide = () =>
    whenDone(decisions.mutateAsync({ items, action, reason }), ({ items: answers }) => {
      const done = answers.filter(({ problem }) => problem === null).length;
      if (done > 0) notifyDone(`${action === "approve" ? "Approved" : "Rejected"}: ${done}`);
      if (done === answers.length) onClose();
    });
  const verb = action === "approve" ? "Approve" : "Reject";
  const title = items.length === 1 ? `${verb} “${items[0]?.summary}”` : `${verb} ${items.length} items`;
  if (refused.length > 0) {
    return (
      <Modal opened onClose={onClose} title="Not everything was decided">
        <List>
          {refused.map(({ id, problem }) => (
            <List.Item key={id}>
              <Text fw={600}>{summaries.get(id)}</Text>
              <Text size="sm">{problem?.detail}</Text>
            </List.Item>
          ))}
        </List>
        <Group mt="md" justify="flex-end">
          <Button onClick={onClose}>Close</Button>
        </Group>
      </Modal>
    );
  }
  return (
    <Modal opened onClose={onClose} title={title}>
      <Textarea
        label="Reason"
        description={needsReason ? "The author reads it." : "Optional. It is kept with the decision."}
        required={needsReason}
        value={reason}
        onChange={({ currentTarget }) => setReason(currentTarget.value)}
        autosize
        minRows={2}
        data-autofocus
      />
      {decisions.isError && <ProblemAlert error={decisions.error} />}
      <Group mt="md" justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          color={action === "approve" ? undefined : "red"}
          disabled={needsReason && reason.trim() === ""}
          loading={decisions.isPending}
          onClick={decide}
        >
          {verb}
        </Button>
      </Group>
    </Modal>
  );
}
