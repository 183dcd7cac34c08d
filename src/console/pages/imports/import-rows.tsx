import { SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { type ImportRow, useImportRows } from "../../api/imports.ts";
import { type Column, VirtualList } from "../../parts/virtual-list.tsx";

const outcomes = [
  { value: "", label: "All notes" },
  { value: "failed", label: "Failed rows" },
];

const columns: readonly Column<ImportRow>[] = [
  { label: "Line", width: "5rem", cell: ({ line }) => line },
  { label: "Outcome", width: "7rem", cell: ({ outcome }) => outcome },
  { label: "Field", width: "8rem", cell: ({ field }) => field ?? "" },
  { label: "Note", width: "5fr", cell: ({ message }) => message },
];

/** The notes on an import's rows. */
export function ImportRows({ id }: { readonly id: string }) {
  const [outcome, setOutcome] = useState("");
  const rows = useImportRows(id, outcome === "" ? {} : { outcome: outcome as ImportRow["outcome"] });
  return (
    <>
      <SegmentedControl mb="md" data={outcomes} value={outcome} onChange={setOutcome} aria-label="Outcome" />
      <VirtualList
        label="Notes on rows"
        list={rows}
        columns={columns}
        keyOf={({ row, code, field, message }) => `${row} ${code} ${field} ${message}`}
        empty="Every row was plain success."
      />
    </>
  );
}
