import { Anchor, Group, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useImports } from "../../api/imports.ts";
import { useOrganizationReach } from "../../api/organization.ts";
import { usePending } from "../../api/pending.ts";
import { type Me, nameOf } from "../../api/session.ts";
import { type Source, useSources } from "../../api/sources.ts";
import { PageTitle } from "../../parts/page-title.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { ReachSummary } from "../../parts/reach.tsx";
import { Time } from "../../parts/time.tsx";
import { ImportStatus, importName } from "../imports/import-status.tsx";

/** What needs attention today. */
export default function TodayPage({ me }: { readonly me: Me }) {
  const held = useImports({ status: "held" });
  const failed = useImports({ status: "failed" });
  const pending = usePending();
  const sources = useSources();
  const overdue = (sources.data ?? []).filter(isOverdue);
  const counts = pending.firstPage?.counts;
  const error = held.error ?? failed.error ?? pending.error ?? sources.error;
  const dayAgo = Date.now() - 86_400_000;
  const failedToday = failed.items.filter(({ createdAt }) => Date.parse(createdAt) > dayAgo);
  return (
    <>
      <PageTitle title="Today" note={`Good to see you, ${nameOf(me)}.`} />
      {error && <ProblemAlert error={error} />}
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }} mb="xl">
        <Tile label="Held imports" count={held.items.length} href="/imports?status=held" isAlarming />
        <Tile label="Topics and requests" count={(counts?.topic ?? 0) + (counts?.membership ?? 0)} href="/pending" />
        <Tile label="Failed in the last day" count={failedToday.length} href="/imports?status=failed" isAlarming />
        <Tile label="Overdue sources" count={overdue.length} href="/sources" isAlarming />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="xl">
        <LastImports sources={sources.data ?? []} />
        <Reachability />
      </SimpleGrid>
    </>
  );
}

const isOverdue = ({ expectedBy }: Source): boolean => expectedBy !== null && Date.parse(expectedBy) < Date.now();

interface TileProps {
  readonly label: string;
  readonly count: number;
  readonly href: string;
  readonly isAlarming?: boolean;
}

function Tile({ label, count, href, isAlarming = false }: TileProps) {
  return (
    <Paper component={Link} href={href} withBorder p="md" c="inherit" td="none">
      <Text c={isAlarming && count > 0 ? "var(--mantine-color-red-text)" : undefined} fz={32} fw={650} lh={1.1}>
        {count}
      </Text>
      <Text>{label}</Text>
    </Paper>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <section>
      <Title order={2} size="h4" mb="sm">
        {title}
      </Title>
      {children}
    </section>
  );
}

function LastImports({ sources }: { readonly sources: readonly Source[] }) {
  const imports = useImports();
  const names = new Set([...sources.map(({ name }) => name), ...imports.items.map(({ source }) => source.name)]);
  const lasts = [...names].map((name) => imports.items.find(({ source }) => source.name === name));
  const known = lasts.filter((last) => last !== undefined);
  return (
    <Section title="Last import of each source">
      {imports.isSuccess && known.length === 0 && (
        <Text c="dimmed">
          No file has arrived yet.{" "}
          <Anchor component={Link} href="/imports/new">
            Import a file
          </Anchor>
        </Text>
      )}
      <Stack gap="sm">
        {known.map((last) => (
          <Paper key={last.id} withBorder p="sm">
            <Group justify="space-between" wrap="nowrap" align="flex-start">
              <Anchor component={Link} href={`/imports/${last.id}`} fw={600}>
                {importName(last)}
              </Anchor>
              <ImportStatus value={last} />
            </Group>
            <Text size="sm" lineClamp={3}>
              {last.summary}
            </Text>
            <Text size="sm" c="dimmed">
              <Time at={last.createdAt} />
            </Text>
          </Paper>
        ))}
      </Stack>
    </Section>
  );
}

function Reachability() {
  const reach = useOrganizationReach();
  if (reach.isError) return <ProblemAlert error={reach.error} />;
  return (
    <Section title="Can everybody be reached?">
      {reach.data && <ReachSummary reach={reach.data} />}
      <Stack gap={4}>
        {reach.data?.items.map((person) => (
          <Anchor key={person.userId} component={Link} href={`/people/${person.userId}`} size="sm">
            {nameOf({ ...person, id: person.userId })}
          </Anchor>
        ))}
      </Stack>
    </Section>
  );
}
