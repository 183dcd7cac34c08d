import { Tabs } from "@mantine/core";
import { useOrganization } from "../../api/organization.ts";
import { PageTitle } from "../../parts/page-title.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { Waiting } from "../../parts/waiting.tsx";
import { ApiKeys } from "./api-keys.tsx";
import { SettingsForm } from "./settings-form.tsx";

/** The organization's settings and API keys. */
export default function SettingsPage() {
  const organization = useOrganization();
  if (organization.isError)
    return <ProblemAlert error={organization.error} retry={() => void organization.refetch()} />;
  if (organization.isPending) return <Waiting />;
  const { version, name } = organization.data;
  return (
    <>
      <PageTitle title="Settings" note={name} />
      <Tabs defaultValue="settings" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="settings">Settings</Tabs.Tab>
          <Tabs.Tab value="keys">API keys</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="settings" pt="md">
          <SettingsForm key={version} organization={organization.data} />
        </Tabs.Panel>
        <Tabs.Panel value="keys" pt="md">
          <ApiKeys />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
