import { Alert, Button, FileButton, Group, Progress, Select, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type DragEvent, useState } from "react";
import { useLocation } from "wouter";
import { type ImportKind, type ImportStyle, sendFile } from "../../api/imports.ts";
import { useSources } from "../../api/sources.ts";
import { PageTitle } from "../../parts/page-title.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { keepFile } from "./chosen-file.ts";

const kinds = [
  { value: "users", label: "People" },
  { value: "groups", label: "Groups" },
  { value: "locations", label: "Locations" },
];
const styles = [
  { value: "", label: "As the source is set up" },
  { value: "normal", label: "Normal: the file adds and changes, and removes nobody" },
  { value: "active-roster", label: "Active roster: people who are missing from the file are removed" },
  { value: "purge", label: "Purge: people and memberships that are missing from the file are removed" },
];

/** Takes a file, and starts its dry run. */
export default function NewImportPage() {
  const [, navigate] = useLocation();
  const sources = useSources();
  const [file, setFile] = useState<File | null>(null);
  const [kind, setKind] = useState<ImportKind>("users");
  const [style, setStyle] = useState<ImportStyle | "">("");
  const [source, setSource] = useState<string | null>(null);
  const [share, setShare] = useState(0);
  const dryRun = useMutation({
    mutationFn: (chosen: File) =>
      sendFile({ file: chosen, kind, style: style || undefined, source: source ?? undefined, dryRun: true }, setShare),
    onSuccess: ({ id }, chosen) => {
      keepFile(id, { file: chosen, kind, style: style || undefined, source: source ?? undefined });
      navigate(`/imports/${id}`);
    },
  });
  return (
    <>
      <PageTitle title="Import a file" note="The dry run shows what the file would change. It changes nothing." />
      <Stack maw={640}>
        <FileDrop file={file} onFile={setFile} />
        <Select
          label="The file contains"
          data={kinds}
          value={kind}
          onChange={(value) => setKind((value ?? "users") as ImportKind)}
          allowDeselect={false}
        />
        <Select
          label="Source"
          description="The system that the file comes from. An import changes only the values of its source."
          data={(sources.data ?? []).map(({ name }) => name)}
          value={source}
          onChange={setSource}
          placeholder="The default source"
          clearable
        />
        {kind === "users" && (
          <Select
            label="Style"
            data={styles}
            value={style}
            onChange={(value) => setStyle((value ?? "") as ImportStyle | "")}
            allowDeselect={false}
          />
        )}
        {dryRun.isPending && <Progress value={share * 100} animated aria-label="Sending the file" />}
        {dryRun.isError && <ProblemAlert error={dryRun.error} />}
        <Group>
          <Button disabled={file === null} loading={dryRun.isPending} onClick={() => file && dryRun.mutate(file)}>
            Show what would change
          </Button>
        </Group>
      </Stack>
    </>
  );
}

function FileDrop({ file, onFile }: { readonly file: File | null; readonly onFile: (file: File | null) => void }) {
  const [isOver, setIsOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setIsOver(false);
    onFile(event.dataTransfer.files[0] ?? null);
  };
  return (
    <section
      className="drop-area"
      aria-label="File"
      data-over={isOver || undefined}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={drop}
    >
      <Text mb="xs">{file === null ? "Drop an XML, CSV or JSON file here." : `${file.name}, ${sizeOf(file)}`}</Text>
      <FileButton onChange={onFile}>
        {(props) => (
          <Button {...props} variant="default">
            {file === null ? "Choose a file" : "Choose another file"}
          </Button>
        )}
      </FileButton>
      {file?.size === 0 && (
        <Alert color="red" mt="sm">
          The file is empty.
        </Alert>
      )}
    </section>
  );
}

function sizeOf({ size }: File): string {
  if (size < 1000) return `${size} bytes`;
  return size < 1_000_000 ? `${Math.round(size / 1000)} kB` : `${(size / 1_000_000).toFixed(1)} MB`;
}
