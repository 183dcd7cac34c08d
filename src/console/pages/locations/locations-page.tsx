import { Button, Group, Modal, Stack, TagsInput, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { type Location, useLocationEdits, useLocations } from "../../api/locations.ts";
import { ConfirmButton } from "../../parts/confirm-button.tsx";
import { PageTitle } from "../../parts/page-title.tsx";
import { notifyDone, ProblemAlert } from "../../parts/problem-alert.tsx";
import { type Column, VirtualList } from "../../parts/virtual-list.tsx";
import { whenDone } from "../../parts/when-done.ts";

/** All locations, with the groups that their people join. */
export default function LocationsPage() {
  const locations = useLocations();
  const [edited, setEdited] = useState<Location | "new" | null>(null);
  const { remove } = useLocationEdits();
  const columns: readonly Column<Location>[] = [
    { label: "Name", width: "2fr", cell: ({ name }) => name },
    { label: "Groups", width: "4fr", cell: ({ groups }) => groups.join(", ") },
    {
      label: "Actions",
      width: "13rem",
      cell: (location) => (
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => setEdited(location)} aria-label={`Edit ${location.name}`}>
            Edit
          </Button>
          <ConfirmButton
            size="xs"
            label="Delete…"
            question={`People at ${location.name} stay, without a location.`}
            action={{ ...remove, mutateAsync: () => remove.mutateAsync(location) }}
            onDone={() => notifyDone("The location was deleted.")}
          />
        </Group>
      ),
    },
  ];
  return (
    <>
      <PageTitle title="Locations" note="People at a location join its groups.">
        <Button onClick={() => setEdited("new")} leftSection={<IconPlus size={16} aria-hidden />}>
          Create a location
        </Button>
      </PageTitle>
      <VirtualList
        label="Locations"
        list={locations}
        columns={columns}
        keyOf={({ name }) => name}
        empty="There are no locations yet."
      />
      {edited !== null && (
        <LocationModal location={edited === "new" ? undefined : edited} onClose={() => setEdited(null)} />
      )}
    </>
  );
}

interface LocationModalProps {
  /** Undefined: a new location. */
  readonly location: Location | undefined;
  readonly onClose: () => void;
}

function LocationModal({ location, onClose }: LocationModalProps) {
  const [name, setName] = useState(location?.name ?? "");
  const [groups, setGroups] = useState<string[]>(location?.groups ?? []);
  const { add, change } = useLocationEdits();
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (location === undefined) whenDone(add.mutateAsync({ name, groups }), onClose);
    else whenDone(change.mutateAsync({ location, body: { name, groups } }), onClose);
  };
  return (
    <Modal opened onClose={onClose} title={location === undefined ? "Create a location" : `Edit ${location.name}`}>
      <form onSubmit={save}>
        <Stack>
          <TextInput
            label="Name"
            required
            value={name}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
            data-autofocus
          />
          <TagsInput
            label="Groups"
            description="Ids of groups that its people join."
            value={groups}
            onChange={setGroups}
          />
          {(add.error ?? change.error) && <ProblemAlert error={add.error ?? change.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={add.isPending || change.isPending}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
