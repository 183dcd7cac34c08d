import { Text } from "@mantine/core";
import { useSearchParams } from "wouter";
import { type AuditEntry, useAudit } from "../../api/organization.ts";
import { valueText } from "../../parts/changed-values.tsx";
import { PageTitle } from "../../parts/page-title.tsx";
import { SearchField } from "../../parts/search-field.tsx";
import { Time } from "../../parts/time.tsx";
import { type Column, VirtualList } from "../../parts/virtual-list.tsx";

const columns: readonly Column<AuditEntry>[] = [
  { label: "When", width: "9rem", cell: ({ at }) => <Time at={at} /> },
  { label: "Who", width: "2fr", cell: ({ actor }) => actor },
  { label: "Action", width: "2fr", cell: ({ action }) => action.replaceAll(/[._]/g, " ") },
  { label: "Subject", width: "2fr", cell: ({ subject }) => subject ?? "" },
  {
    label: "Details",
    width: "4fr",
    cell: ({ details }) =>
      Object.entries(details).map(([name, value]) => (
        <Text key={name} size="sm">
          {name}: {valueText(value)}
        </Text>
      )),
  },
];

/** Decisions, settings, keys and sign-ins, the newest first. */
export default function AuditPage() {
  const [search, setSearch] = useSearchParams();
  const actor = search.get("actor") ?? "";
  const entries = useAudit(actor === "" ? {} : { actor });
  return (
    <>
      <PageTitle title="Audit" note="Decisions, settings, keys and sign-ins, the newest first." />
      <SearchField
        label="Actor, such as api-key:nightly or user:17"
        value={actor}
        onSearch={(text) => setSearch(text === "" ? {} : { actor: text }, { replace: true })}
      />
      <VirtualList label="Audit log" list={entries} columns={columns} keyOf={({ id }) => id} empty="No entries." />
    </>
  );
}
