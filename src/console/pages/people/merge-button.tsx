import { Button, Group, Modal, Radio, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { nameOf } from "../../api/session.ts";
import { type User, type useUserEdits, useUsers } from "../../api/users.ts";
import { notifyDone, ProblemAlert } from "../../parts/problem-alert.tsx";
import { SearchField } from "../../parts/search-field.tsx";
import { whenDone } from "../../parts/when-done.ts";

interface MergeButtonProps {
  readonly user: User;
  readonly merge: ReturnType<typeof useUserEdits>["merge"];
}

/** Joins another record of the same person to this one. */
export function MergeButton({ user, merge }: MergeButtonProps) {
  const [isOpen, { open, close }] = useDisclosure();
  const [query, setQuery] = useState("");
  const [other, setOther] = useState<string | null>(null);
  const found = useUsers({ query: query === "" ? user.lastName : query });
  const candidates = found.items.filter(({ id }) => id !== user.id).slice(0, 8);
  const cancel = () => {
    merge.reset();
    setOther(null);
    close();
  };
  const join = (id: string) =>
    whenDone(merge.mutateAsync(id), () => {
      notifyDone("The two records are one now.");
      cancel();
    });
  return (
    <>
      <Button variant="default" onClick={open}>
        Merge…
      </Button>
      <Modal opened={isOpen} onClose={cancel} title={`Join another record to ${nameOf(user)}`} size="lg">
        <Text mb="sm">
          This record stays. It gets the groups, e-mails, phones and sources of the other record, which is deleted for
          good.
        </Text>
        <SearchField label="Search the other record" value={query} onSearch={setQuery} />
        <Radio.Group value={other} onChange={setOther} label="The other record">
          <Stack gap="xs" mt="xs">
            {candidates.map((candidate) => (
              <Radio
                key={candidate.id}
                value={candidate.id}
                label={`${nameOf(candidate)} (${[candidate.username, ...candidate.emails.slice(0, 1)].filter(Boolean).join(", ") || `user ${candidate.id}`})`}
              />
            ))}
            {candidates.length === 0 && !found.isPending && <Text c="dimmed">Nobody else was found.</Text>}
          </Stack>
        </Radio.Group>
        {merge.isError && <ProblemAlert error={merge.error} />}
        <Group mt="md" justify="flex-end">
          <Button variant="default" onClick={cancel}>
            Cancel
          </Button>
          <Button color="red" disabled={other === null} loading={merge.isPending} onClick={() => other && join(other)}>
            Merge
          </Button>
        </Group>
      </Modal>
    </>
  );
}
