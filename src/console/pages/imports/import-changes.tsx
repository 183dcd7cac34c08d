import { Anchor, SegmentedControl, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { type ImportChange, useImportChanges } from "../../api/imports.ts";
import { nameOf } from "../../api/session.ts";
import { ChangedValues } from "../../parts/changed-values.tsx";
import { type Column, VirtualList } from "../../parts/virtual-list.tsx";

const actions = [
  { value: "", label: "All" },
  { value: "added", label: "Added" },
  { value: "updated", label: "Updated" },
  { value: "removed", label: "Removed" },
  { value: "kept", label: "Kept" },
];

const columns: readonly Column<ImportChange>[] = [
  {
    label: "Action",
    width: "6rem",
    cell: ({ action, status }) => (status === "applied" ? action : `${action} (planned)`),
  },
  { label: "Who", width: "2fr", cell: (change) => <Subject change={change} /> },
  { label: "Identifier", width: "1fr", cell: ({ databaseId, username }) => databaseId ?? username ?? "" },
  {
    label: "Values",
    width: "4fr",
    cell: ({ action, changed, memberships, reason }) => (
      <Stack gap={2}>
        {reason && <Text size="sm">{reason.message}</Text>}
        {action === "removed" ? (
          <Text size="sm">leaves {memberships.length} groups</Text>
        ) : (
          <ChangedValues changed={changed} memberships={memberships} />
        )}
      </Stack>
    ),
  },
];

/** The people, groups and locations of an import, each with what changed. */
export function ImportChanges({ id }: { readonly id: string }) {
  const [action, setAction] = useState("");
  const changes = useImportChanges(id, action === "" ? {} : { action: action as ImportChange["action"] });
  return (
    <>
      <SegmentedControl mb="md" data={actions} value={action} onChange={setAction} aria-label="Action" />
      <VirtualList
        label="Changes"
        list={changes}
        columns={columns}
        keyOf={({ type, id: subject, action: done, databaseId, email }) =>
          `${type} ${subject ?? databaseId ?? email} ${done}`
        }
        empty="Nothing changes."
      />
    </>
  );
}

function Subject({ change }: { readonly change: ImportChange }) {
  const name = change.type === "user" ? nameOf(change) : (change.id ?? "");
  if (change.type !== "user" || change.id === null || change.action === "removed") return <span>{name}</span>;
  return (
    <Anchor component={Link} href={`/people/${change.id}`}>
      {name}
    </Anchor>
  );
}
