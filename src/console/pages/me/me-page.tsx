import { Anchor, Badge, Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useJoinGroup, useVisibleGroups, type VisibleGroup } from "../../api/me.ts";
import { type Me, nameOf } from "../../api/session.ts";
import { type Phone, type User, useUser } from "../../api/users.ts";
import { PageTitle } from "../../parts/page-title.tsx";
import { notifyDone, ProblemAlert } from "../../parts/problem-alert.tsx";
import { roleNames } from "../../parts/roles.ts";
import { type Column, VirtualList } from "../../parts/virtual-list.tsx";
import { Waiting } from "../../parts/waiting.tsx";
import { whenDone } from "../../parts/when-done.ts";

/** The signed-in person's own page: what is stored about them, and the groups that they may see. */
export default function MePage({ me }: { readonly me: Me }) {
  const found = useUser(me.id);
  return (
    <>
      <PageTitle title="My page" note={`What ${me.organization.name} stores about you.`} />
      {found.isError && <ProblemAlert error={found.error} retry={() => void found.refetch()} />}
      {found.isPending && <Waiting />}
      {found.data && <Contacts user={found.data} />}
      <Title order={2} size="h4" mt="xl" mb="sm">
        Groups
      </Title>
      <Groups me={me} />
    </>
  );
}

function Contacts({ user }: { readonly user: User }) {
  const sources = [
    ...user.sources.map(({ source }) => source),
    ...user.origins.map((origin) => (origin === "manual" ? "entered by hand" : "registered by you")),
  ];
  return (
    <Paper withBorder p="md" maw={640}>
      <Stack gap="xs">
        <Fact label="Name">{nameOf(user)}</Fact>
        {user.username && <Fact label="Username">{user.username}</Fact>}
        <Fact label="E-mails">
          {user.emails.length === 0 ? "None: no alert reaches you by e-mail." : user.emails.join(", ")}
        </Fact>
        <Fact label="Phones">
          {user.phones.length === 0 ? "None: no alert reaches you by phone." : user.phones.map(phoneText).join(", ")}
        </Fact>
        {user.location && <Fact label="Location">{user.location}</Fact>}
        <Fact label="Comes from">{sources.join(", ")}</Fact>
      </Stack>
      <Text size="sm" c="dimmed" mt="md">
        If something is wrong, tell the office that keeps your record, so that the correction lasts.
      </Text>
    </Paper>
  );
}

const uses: Readonly<Record<number, string>> = { 1: "texts", 2: "calls", 3: "texts and calls" };

const phoneText = ({ number, messageType }: Phone): string => `${number} (${uses[messageType]})`;

function Fact({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div>
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <Text>{children}</Text>
    </div>
  );
}

const joinText = ({ privacy }: VisibleGroup): string => (privacy === 1 ? "Join" : "Ask to join");

function Groups({ me }: { readonly me: Me }) {
  const groups = useVisibleGroups(me.id);
  const join = useJoinGroup(me.id);
  const ask = ({ groupId, name }: VisibleGroup) =>
    whenDone(join.mutateAsync(groupId), ({ status }) =>
      notifyDone(status === "approved" ? `You are a member of ${name}.` : `You asked to join ${name}.`),
    );
  const columns: readonly Column<VisibleGroup>[] = [
    {
      label: "Name",
      width: "3fr",
      cell: (group) => (
        <>
          <Text fw={600}>{group.name}</Text>
          {group.description && (
            <Text size="sm" c="dimmed">
              {group.description}
            </Text>
          )}
        </>
      ),
    },
    {
      label: "Membership",
      width: "2fr",
      cell: (group) =>
        group.role === null ? (
          <Button
            size="xs"
            variant="default"
            onClick={() => ask(group)}
            aria-label={`${joinText(group)} ${group.name}`}
          >
            {joinText(group)}
          </Button>
        ) : (
          <Group gap="xs">
            <Badge variant="light" autoContrast>
              {roleNames[group.role]}
            </Badge>
            {group.role > 0 && (
              <Anchor size="sm" href={`/groups/${encodeURIComponent(group.groupId)}`}>
                Open
              </Anchor>
            )}
          </Group>
        ),
    },
  ];
  return (
    <>
      {join.isError && <ProblemAlert error={join.error} />}
      <VirtualList
        label="Groups that you may see"
        list={groups}
        columns={columns}
        keyOf={({ groupId }) => groupId}
        empty="There are no groups that you may see."
      />
    </>
  );
}
