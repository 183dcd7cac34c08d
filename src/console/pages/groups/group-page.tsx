import { Button, Tabs, Text } from "@mantine/core";
import { useState } from "react";
import { useLocation } from "wouter";
import { type GroupWithMembers, useGroup, useGroupEdits } from "../../api/groups.ts";
import { isNetworkAdministrator, type Me } from "../../api/session.ts";
import { ConfirmButton } from "../../parts/confirm-button.tsx";
import { PageTitle } from "../../parts/page-title.tsx";
import { notifyDone, ProblemAlert } from "../../parts/problem-alert.tsx";
import { Waiting } from "../../parts/waiting.tsx";
import { whenDone } from "../../parts/when-done.ts";
import { categories, privacies, styles, types } from "./choices.ts";
import { GroupForm } from "./group-form.tsx";
import { GroupReach } from "./group-reach.tsx";
import { Members } from "./members.tsx";

/** One group: settings, members and reach. */
export default function GroupPage({ groupId, me }: { readonly groupId: string; readonly me: Me }) {
  const found = useGroup(groupId);
  if (found.isError) return <ProblemAlert error={found.error} retry={() => void found.refetch()} />;
  if (found.isPending) return <Waiting />;
  return <GroupView group={found.data} isAdministrator={isNetworkAdministrator(me)} />;
}

interface GroupViewProps {
  readonly group: GroupWithMembers;
  readonly isAdministrator: boolean;
}

function GroupView({ group, isAdministrator }: GroupViewProps) {
  const [isEditing, setEditing] = useState(false);
  const { change } = useGroupEdits(group);
  if (isEditing) {
    return (
      <>
        <PageTitle title={group.name} note={group.groupId} />
        <GroupForm
          group={group}
          isNetworkAdministrator={isAdministrator}
          isPending={change.isPending}
          error={change.error}
          onCancel={() => {
            change.reset();
            setEditing(false);
          }}
          onSave={(fields) =>
            whenDone(change.mutateAsync(fields), () => {
              notifyDone("The group was changed.");
              setEditing(false);
            })
          }
        />
      </>
    );
  }
  return (
    <>
      <PageTitle title={group.name} note={`${group.groupId}, ${group.members.toLocaleString()} members`}>
        <Button onClick={() => setEditing(true)}>Edit</Button>
        {isAdministrator && <DestructiveActions group={group} />}
      </PageTitle>
      <Text>{factsOf(group).join(" · ")}</Text>
      {group.description && <Text mt="xs">{group.description}</Text>}
      <Tabs defaultValue="members" mt="lg" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="members">Members</Tabs.Tab>
          {isAdministrator && <Tabs.Tab value="reach">Reach</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="members" pt="md">
          <Members groupId={group.groupId} isAdministrator={isAdministrator} />
        </Tabs.Panel>
        <Tabs.Panel value="reach" pt="md">
          <GroupReach groupId={group.groupId} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function factsOf(group: GroupWithMembers): string[] {
  return [
    categories[group.category],
    types[group.type],
    privacies[group.privacy]?.split(":")[0],
    group.postApproval ? "topics need approval" : "",
    group.style === null ? "" : `imports: ${styles[group.style]}`,
    group.default ? "everybody joins" : "",
    group.protected ? "protected" : "",
    group.parentGroupId === null ? "" : `part of ${group.parentGroupId}`,
  ].filter((fact): fact is string => Boolean(fact));
}

function DestructiveActions({ group }: { readonly group: GroupWithMembers }) {
  const [, navigate] = useLocation();
  const { purge, remove } = useGroupEdits(group);
  const members = `${group.members.toLocaleString()} members`;
  return (
    <>
      <ConfirmButton
        label="Purge…"
        question={`All ${members} leave the group. The people stay.`}
        typed={group.groupId}
        action={{ ...purge, mutateAsync: () => purge.mutateAsync() }}
        onDone={() => notifyDone("The group is empty.")}
      />
      <ConfirmButton
        label="Delete…"
        question={`The group and its ${members.replace("members", "memberships")} are deleted. The people stay.`}
        typed={group.groupId}
        action={{ ...remove, mutateAsync: () => remove.mutateAsync() }}
        onDone={() => navigate("/groups")}
      />
    </>
  );
}
