import { Anchor, Button, Group, Modal, Paper, Stack, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { Link, useLocation } from "wouter";
import { type Source, useAddSource, useSources } from "../../api/sources.ts";
import { PageTitle } from "../../parts/page-title.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Time } from "../../parts/time.tsx";
import { Waiting } from "../../parts/waiting.tsx";
import { whenDone } from "../../parts/when-done.ts";

/** The feeds of the organization, by rank. */
export default function SourcesPage() {
  const sources = useSources();
  const [isOpen, { open, close }] = useDisclosure();
  if (sources.isError) return <ProblemAlert error={sources.error} retry={() => void sources.refetch()} />;
  return (
    <>
      <PageTitle title="Sources" note="Systems that send files. A source with a better rank wins if two disagree.">
        <Button onClick={open} leftSection={<IconPlus size={16} aria-hidden />}>
          Add a source
        </Button>
      </PageTitle>
      {sources.isPending && <Waiting />}
      <Stack>
        {sources.data?.map((source) => (
          <SourceCard key={source.name} source={source} />
        ))}
      </Stack>
      {isOpen && <NewSourceModal onClose={close} />}
    </>
  );
}

function SourceCard({ source }: { readonly source: Source }) {
  const { name, rank, style, mapping, lastAppliedAt, expectedBy, announcedChange } = source;
  const isOverdue = expectedBy !== null && Date.parse(expectedBy) < Date.now();
  return (
    <Paper withBorder p="md">
      <Group justify="space-between">
        <Anchor component={Link} href={`/sources/${encodeURIComponent(name)}`} fw={600}>
          {name}
        </Anchor>
        <Text size="sm" c="dimmed">
          rank {rank}
        </Text>
      </Group>
      <Text size="sm">
        {style === null ? "The organization's style" : `${style} style`}
        {mapping === null ? ", documented columns" : ", with a field mapping"}
      </Text>
      <Text size="sm">
        {lastAppliedAt === null ? (
          "No import was applied yet."
        ) : (
          <>
            Last applied <Time at={lastAppliedAt} />.
          </>
        )}
        {expectedBy !== null && !isOverdue && (
          <>
            {" "}
            The next file is expected <Time at={expectedBy} />.
          </>
        )}
      </Text>
      {isOverdue && (
        <Text size="sm" fw={600} c="var(--mantine-color-red-text)">
          Overdue: a file was expected <Time at={expectedBy} />. Check the job that sends it.
        </Text>
      )}
      {announcedChange && <Text size="sm">A change of up to {announcedChange.percent} % is announced.</Text>}
    </Paper>
  );
}

function NewSourceModal({ onClose }: { readonly onClose: () => void }) {
  const [, navigate] = useLocation();
  const [name, setName] = useState("");
  const add = useAddSource();
  const create = (event: FormEvent) => {
    event.preventDefault();
    whenDone(add.mutateAsync(name), (source) => navigate(`/sources/${encodeURIComponent(source.name)}`));
  };
  return (
    <Modal opened onClose={onClose} title="Add a source">
      <form onSubmit={create}>
        <TextInput
          label="Name"
          description="Lower-case letters, digits, -, _ and ., such as banner."
          required
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
          data-autofocus
        />
        {add.isError && <ProblemAlert error={add.error} />}
        <Group mt="md" justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={add.isPending}>
            Add
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
