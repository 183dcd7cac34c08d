import { Anchor, Button, SegmentedControl, Text } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { Link, useSearchParams } from "wouter";
import { type Import, useImports } from "../../api/imports.ts";
import { PageTitle } from "../../parts/page-title.tsx";
import { Time } from "../../parts/time.tsx";
import { type Column, VirtualList } from "../../parts/virtual-list.tsx";
import { ImportStatus, importName } from "./import-status.tsx";

const filters = [
  { value: "", label: "All" },
  { value: "held", label: "Held" },
  { value: "failed", label: "Failed" },
  { value: "applied", label: "Applied" },
];

const columns: readonly Column<Import>[] = [
  {
    label: "Import",
    width: "2fr",
    cell: (item) => (
      <Anchor component={Link} href={`/imports/${item.id}`}>
        {importName(item)}
      </Anchor>
    ),
  },
  { label: "State", width: "7rem", cell: (item) => <ImportStatus value={item} /> },
  {
    label: "Summary",
    width: "4fr",
    cell: (item) => (
      <Text size="sm" lineClamp={3}>
        {item.summary}
      </Text>
    ),
  },
  {
    label: "Received",
    width: "8rem",
    cell: (item) => (
      <Text size="sm" c="dimmed">
        <Time at={item.createdAt} />
      </Text>
    ),
  },
];

/** All imports, with a filter by state. */
export default function ImportsPage() {
  const [search, setSearch] = useSearchParams();
  const status = filters.find(({ value }) => value === search.get("status"))?.value ?? "";
  const imports = useImports(status === "" ? {} : { status: status as Import["status"] });
  return (
    <>
      <PageTitle title="Imports" note="Files that arrived, the latest first.">
        <Button component={Link} href="/imports/new" leftSection={<IconUpload size={16} aria-hidden />}>
          Import a file
        </Button>
      </PageTitle>
      <SegmentedControl
        mb="md"
        data={filters}
        value={status}
        onChange={(value) => setSearch(value === "" ? {} : { status: value })}
        aria-label="State"
      />
      <VirtualList
        label="Imports"
        list={imports}
        columns={columns}
        keyOf={({ id }) => id}
        empty={status === "" ? "No file has arrived yet." : "No import is in this state."}
      />
    </>
  );
}
