import { Alert, Badge, Button, Checkbox, Code, CopyButton, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type FormEvent, useState } from "react";
import { type ApiKey, type NewApiKey, useApiKeyEdits, useApiKeys } from "../../api/organization.ts";
import { ConfirmButton } from "../../parts/confirm-button.tsx";
import { notifyDone, ProblemAlert } from "../../parts/problem-alert.tsx";
import { Time } from "../../parts/time.tsx";
import { type Column, VirtualList } from "../../parts/virtual-list.tsx";

const services: Readonly<Record<ApiKey["services"][number], string>> = {
  import: "Import files",
  retrieve: "Retrieve people, groups and changes",
  groups: "Create, purge and delete groups",
  approvals: "Approve and reject pending items",
  admin: "Everything",
};

/** API keys: their services, use, and revocation. */
export function ApiKeys() {
  const keys = useApiKeys();
  const { revoke } = useApiKeyEdits();
  const [isOpen, { open, close }] = useDisclosure();
  const columns: readonly Column<ApiKey>[] = [
    { label: "Name", width: "2fr", cell: ({ name }) => name },
    { label: "Services", width: "3fr", cell: ({ services: held }) => held.join(", ") },
    { label: "Source", width: "1fr", cell: ({ source }) => source ?? "all" },
    {
      label: "Last use",
      width: "8rem",
      cell: ({ lastUsedAt }) => (lastUsedAt === null ? "never" : <Time at={lastUsedAt} />),
    },
    {
      label: "Actions",
      width: "8rem",
      cell: ({ id, name, revokedAt }) =>
        revokedAt === null ? (
          <ConfirmButton
            size="xs"
            label="Revoke…"
            question={`Programs that use the key ${name} are refused at once.`}
            action={{ ...revoke, mutateAsync: () => revoke.mutateAsync(id) }}
            onDone={() => notifyDone("The key was revoked.")}
          />
        ) : (
          <Badge color="gray" variant="light" autoContrast>
            Revoked
          </Badge>
        ),
    },
  ];
  return (
    <>
      <Button mb="md" onClick={open}>
        Create a key…
      </Button>
      <VirtualList label="API keys" list={keys} columns={columns} keyOf={({ id }) => id} empty="There are no keys." />
      {isOpen && <NewKeyModal onClose={close} />}
    </>
  );
}

function NewKeyModal({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<string[]>([]);
  const { add } = useApiKeyEdits();
  const create = (event: FormEvent) => {
    event.preventDefault();
    add.mutate({ name, services: chosen as NewApiKey["services"] });
  };
  if (add.data) return <CreatedKey secret={add.data.key} onClose={onClose} />;
  return (
    <Modal opened onClose={onClose} title="Create a key">
      <form onSubmit={create}>
        <Stack>
          <TextInput
            label="Name"
            description="Such as the program that uses it."
            required
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
            data-autofocus
          />
          <Checkbox.Group label="Services" value={chosen} onChange={setChosen}>
            <Stack gap="xs" mt="xs">
              {Object.entries(services).map(([service, label]) => (
                <Checkbox key={service} value={service} label={label} />
              ))}
            </Stack>
          </Checkbox.Group>
          {add.isError && <ProblemAlert error={add.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" disabled={chosen.length === 0} loading={add.isPending}>
              Create
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function CreatedKey({ secret, onClose }: { readonly secret: string; readonly onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title="The key" closeOnClickOutside={false}>
      <Alert color="orange" variant="light" mb="sm">
        <Text>Copy the key now. It is not shown again.</Text>
      </Alert>
      <Code block>{secret}</Code>
      <Group mt="md" justify="flex-end">
        <CopyButton value={secret}>
          {({ copied, copy }) => <Button onClick={copy}>{copied ? "Copied" : "Copy"}</Button>}
        </CopyButton>
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
      </Group>
    </Modal>
  );
}
