import { Tabs } from "@mantine/core";
import type { Me } from "../../api/session.ts";
import { useSource } from "../../api/sources.ts";
import { PageTitle } from "../../parts/page-title.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Waiting } from "../../parts/waiting.tsx";
import { AnnouncedChange } from "./announced-change.tsx";
import { GuardLimits } from "./guard-limits.tsx";
import { MappingBuilder } from "./mapping-builder.tsx";
import { SourceForm } from "./source-form.tsx";

/** One source: its rules, its mapping, its limits, and announced changes. */
export default function SourcePage({ name, me }: { readonly name: string; readonly me: Me }) {
  const found = useSource(decodeURIComponent(name));
  if (found.isError) return <ProblemAlert error={found.error} retry={() => void found.refetch()} />;
  if (found.isPending) return <Waiting />;
  const source = found.data;
  return (
    <>
      <PageTitle title={source.name} note={`Source of rank ${source.rank}`} />
      <Tabs defaultValue="mapping" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="mapping">Mapping</Tabs.Tab>
          <Tabs.Tab value="rules">Rules</Tabs.Tab>
          <Tabs.Tab value="limits">Limits</Tabs.Tab>
          <Tabs.Tab value="announce">Announced change</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="mapping" pt="md">
          <MappingBuilder key={source.version} source={source} />
        </Tabs.Panel>
        <Tabs.Panel value="rules" pt="md">
          <SourceForm key={source.version} source={source} />
        </Tabs.Panel>
        <Tabs.Panel value="limits" pt="md">
          <GuardLimits key={source.version} source={source} />
        </Tabs.Panel>
        <Tabs.Panel value="announce" pt="md">
          <AnnouncedChange source={source} me={me} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
