import { Alert, Button, FileButton, Group, ScrollArea, Select, Stack, Table, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { type Mapping, type Preview, previewSample, type Source, useSourceEdits } from "../../api/sources.ts";
import { notifyDone, ProblemAlert } from "../../parts/problem-alert.tsx";
import { whenDone } from "../../parts/when-done.ts";
import { mappedFields, mappingOf, readMapping } from "./mapping.ts";
import { readColumns } from "./sample-columns.ts";

/** Builds the field mapping of a source with a sample of its files. */
export function MappingBuilder({ source }: { readonly source: Source }) {
  const [sample, setSample] = useState<File | null>(null);
  const [columns, setColumns] = useState<readonly string[]>([]);
  const [chosen, setChosen] = useState(readMapping(source.mapping as Mapping | null));
  const { save } = useSourceEdits(source);
  const mapping = mappingOf(chosen, source.mapping as Mapping | null);
  const preview = useMutation({
    mutationFn: ({ file, tried }: { file: File; tried: Mapping | undefined }) =>
      previewSample(source.name, file, tried),
  });
  const show = (file: File, tried: Mapping | undefined) => preview.mutate({ file, tried });
  const take = async (file: File | null) => {
    if (file === null) return;
    setSample(file);
    setColumns(await readColumns(file));
    show(file, mapping);
  };
  const choose = (field: string, column: string | null) => {
    const next = { ...chosen, [field]: column };
    setChosen(next);
    if (sample) show(sample, mappingOf(next, source.mapping as Mapping | null));
  };
  return (
    <Stack>
      <Text>
        Choose a file as the source sends it. Muster shows how it reads the first rows, and stores nothing. If the
        columns have names of their own, choose the column of each field.
      </Text>
      <Group>
        <FileButton onChange={(file) => void take(file)}>
          {(props) => (
            <Button {...props} variant="default">
              {sample === null ? "Choose a sample" : `Choose another sample (${sample.name})`}
            </Button>
          )}
        </FileButton>
        <Button
          loading={save.isPending}
          onClick={() =>
            whenDone(save.mutateAsync({ mapping: mapping ?? null }), () => notifyDone("The mapping was saved."))
          }
        >
          Save the mapping
        </Button>
      </Group>
      {save.isError && <ProblemAlert error={save.error} />}
      {columns.length > 0 && <FieldChoices columns={columns} chosen={chosen} onChoose={choose} />}
      {preview.isError && <ProblemAlert error={preview.error} />}
      {preview.data && <PreviewTable preview={preview.data} />}
    </Stack>
  );
}

interface FieldChoicesProps {
  readonly columns: readonly string[];
  readonly chosen: Readonly<Record<string, string | null>>;
  readonly onChoose: (field: string, column: string | null) => void;
}

function FieldChoices({ columns, chosen, onChoose }: FieldChoicesProps) {
  return (
    <Group align="flex-end">
      {mappedFields.map(({ name, label }) => (
        <Select
          key={name}
          label={label}
          data={[...new Set([...columns, ...(chosen[name] ? [chosen[name]] : [])])]}
          value={chosen[name] ?? null}
          onChange={(column) => onChoose(name, column)}
          placeholder="By its documented name"
          clearable
          searchable
          w={220}
        />
      ))}
    </Group>
  );
}

function PreviewTable({ preview }: { readonly preview: Preview }) {
  if (preview.problem) {
    return (
      <Alert color="red" variant="light" title="The sample cannot be read" role="alert">
        {preview.problem.detail}
      </Alert>
    );
  }
  const fields = [...new Set(preview.rows.flatMap((row) => Object.keys(row.fields)))];
  const ignored = preview.reading?.ignored ?? [];
  return (
    <>
      {ignored.length > 0 && (
        <Alert color="orange" variant="light">
          Columns that are not read: {ignored.join(", ")}
        </Alert>
      )}
      <ScrollArea>
        <Table striped aria-label="First rows of the sample">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Line</Table.Th>
              {fields.map((field) => (
                <Table.Th key={field}>{field}</Table.Th>
              ))}
              <Table.Th>Problems</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {preview.rows.map((row) => (
              <Table.Tr key={row.row}>
                <Table.Td>{row.line}</Table.Td>
                {fields.map((field) => (
                  <Table.Td key={field}>{row.fields[field]}</Table.Td>
                ))}
                <Table.Td c={row.failed ? "var(--mantine-color-red-text)" : undefined}>
                  {row.issues.map(({ message }) => message).join(" ")}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
    </>
  );
}
