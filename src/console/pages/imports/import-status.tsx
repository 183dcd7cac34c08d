import { Badge } from "@mantine/core";
import type { Import } from "../../api/imports.ts";

const looks: Readonly<Record<Import["status"], readonly [color: string, label: string]>> = {
  receiving: ["blue", "Receiving"],
  planning: ["blue", "Planning"],
  held: ["orange", "Held"],
  applied: ["green", "Applied"],
  planned: ["grape", "Dry run"],
  discarded: ["gray", "Discarded"],
  failed: ["red", "Failed"],
};

/** The state of an import, in a word. */
export function ImportStatus({ value }: { readonly value: Import }) {
  const [color, label] = looks[value.status];
  return (
    <Badge color={color} variant="light" autoContrast>
      {label}
    </Badge>
  );
}

const kinds: Readonly<Record<Import["kind"], string>> = {
  users: "People",
  groups: "Groups",
  locations: "Locations",
  retirement: "Retirement of a source",
};

/** What an import is about, such as "people.csv from sis". */
export function importName({ kind, source }: Import): string {
  return `${source.fileName ?? kinds[kind]} from ${source.name}`;
}
