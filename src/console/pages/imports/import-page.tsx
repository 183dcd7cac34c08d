import { Alert, Button, Group, Loader, Tabs, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { type Import, isUnderWay, useImport } from "../../api/imports.ts";
import type { Me } from "../../api/session.ts";
import { PageTitle } from "../../parts/page-title.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Time } from "../../parts/time.tsx";
import { Waiting } from "../../parts/waiting.tsx";
import { ApplyDryRun } from "./apply-dry-run.tsx";
import { Figures } from "./figures.tsx";
import { HoldPanel } from "./hold-panel.tsx";
import { ImportChanges } from "./import-changes.tsx";
import { ImportRows } from "./import-rows.tsx";
import { ImportStatus, importName } from "./import-status.tsx";

/** One import: its state, its report, its changes and the notes on its rows. */
export default function ImportPage({ id, me }: { readonly id: string; readonly me: Me }) {
  const found = useImport(id);
  if (found.isError) return <ProblemAlert error={found.error} retry={() => void found.refetch()} />;
  if (found.isPending) return <Waiting />;
  const value = found.data;
  return (
    <>
      <PageTitle
        title={importName(value)}
        note={
          <>
            Sent by {value.actor}, <Time at={value.createdAt} />, in {value.style} style
          </>
        }
      >
        <ImportStatus value={value} />
        {value.kind === "users" && value.counts && (
          <Button
            component="a"
            href={`/v1/imports/${value.id}/response?absent=true`}
            download
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            Response file
          </Button>
        )}
      </PageTitle>
      <Outcome value={value} me={me} />
      {value.counts && <Figures counts={value.counts} />}
      {!isUnderWay(value) && value.status !== "failed" && <Details value={value} />}
    </>
  );
}

function Outcome({ value, me }: { readonly value: Import; readonly me: Me }) {
  if (isUnderWay(value)) {
    return (
      <Group my="md" role="status">
        <Loader size="sm" aria-hidden />
        <Text>{value.status === "receiving" ? "The file arrives." : "Muster compares the file with its records."}</Text>
      </Group>
    );
  }
  if (value.status === "held" && value.hold) return <HoldPanel value={value} hold={value.hold} me={me} />;
  if (value.problem) {
    return (
      <Alert color="red" variant="light" title="The file was refused, and nothing was changed" my="md">
        {value.problem.detail}
        {value.problem.line !== undefined && ` (line ${value.problem.line})`}
      </Alert>
    );
  }
  return (
    <>
      <Text my="md">{value.summary}</Text>
      {value.decision && <DecisionText decision={value.decision} />}
      {value.status === "planned" && <ApplyDryRun value={value} />}
    </>
  );
}

function DecisionText({ decision }: { readonly decision: NonNullable<Import["decision"]> }) {
  const { outcome, decidedBy, actor, reason, at } = decision;
  return (
    <Text my="md">
      {outcome[0]?.toUpperCase()}
      {outcome.slice(1)} by {decidedBy ?? actor}, <Time at={at} />
      {reason && `: ${reason}`}
    </Text>
  );
}

function Details({ value }: { readonly value: Import }) {
  return (
    <Tabs defaultValue="changes" mt="lg" keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="changes">Changes</Tabs.Tab>
        <Tabs.Tab value="rows">Notes on rows</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="changes" pt="md">
        <ImportChanges id={value.id} />
      </Tabs.Panel>
      <Tabs.Panel value="rows" pt="md">
        <ImportRows id={value.id} />
      </Tabs.Panel>
    </Tabs>
  );
}
