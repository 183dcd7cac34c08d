import { Anchor, Button, Group, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Link, useLocation } from "wouter";
import { nameOf } from "../../api/session.ts";
import { type Phone, type User, useUser, useUserEdits } from "../../api/users.ts";
import { valueText } from "../../parts/changed-values.tsx";
import { ConfirmButton } from "../../parts/confirm-button.tsx";
import { PageTitle } from "../../parts/page-title.tsx";
import { notifyDone, ProblemAlert } from "../../parts/problem-alert.tsx";
import { roleNames } from "../../parts/roles.ts";
import { Time } from "../../parts/time.tsx";
import { Waiting } from "../../parts/waiting.tsx";
import { whenDone } from "../../parts/when-done.ts";
import { MergeButton } from "./merge-button.tsx";
import { UserForm } from "./user-form.tsx";

/** One person: contacts, groups, sources, and the edits that an administrator may make. */
export default function PersonPage({ id }: { readonly id: string }) {
  const found = useUser(id);
  if (found.isError) return <ProblemAlert error={found.error} retry={() => void found.refetch()} />;
  if (found.isPending) return <Waiting />;
  return <Person user={found.data} />;
}

function Person({ user }: { readonly user: User }) {
  const [, navigate] = useLocation();
  const [isEditing, setEditing] = useState(false);
  const { change, remove, merge } = useUserEdits(user);
  const title = nameOf(user);
  if (isEditing) {
    return (
      <>
        <PageTitle title={title} note="Values that you enter are manual: no import changes them." />
        <UserForm
          user={user}
          isPending={change.isPending}
          error={change.error}
          onCancel={() => {
            change.reset();
            setEditing(false);
          }}
          onSave={(fields) =>
            whenDone(change.mutateAsync(fields), () => {
              notifyDone("The person was changed.");
              setEditing(false);
            })
          }
        />
      </>
    );
  }
  return (
    <>
      <PageTitle
        title={title}
        note={
          <>
            Added <Time at={user.createdAt} />, changed <Time at={user.updatedAt} />
          </>
        }
      >
        <Button onClick={() => setEditing(true)}>Edit</Button>
        <MergeButton user={user} merge={merge} />
        <ConfirmButton
          label="Delete…"
          question={`${title} loses all groups and gets no alerts any more. An import that still names this person adds them again.`}
          action={{ ...remove, mutateAsync: () => remove.mutateAsync() }}
          onDone={() => navigate("/people")}
        />
      </PageTitle>
      <Facts user={user} />
    </>
  );
}

function Facts({ user }: { readonly user: User }) {
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Card title="Contacts">
        {user.emails.map((email, index) => (
          <Text key={email}>
            {email} {index === 0 && <Note text="primary" />}
          </Text>
        ))}
        {user.phones.map((phone) => (
          <Text key={`${phone.number} ${phone.extension}`}>
            {phone.number} {phone.extension && `extension ${phone.extension}`} <Note text={phoneNote(phone)} />
          </Text>
        ))}
        {user.emails.length + user.phones.length === 0 && (
          <Text c="var(--mantine-color-red-text)">No alert reaches this person.</Text>
        )}
      </Card>
      <Card title="Identity">
        <Text>Username: {user.username ?? "–"}</Text>
        <Text>Preferred name: {user.preferredName || "–"}</Text>
        <Text>Location: {user.location ?? "–"}</Text>
        {user.address && <Text>Address: {valueText(user.address)}</Text>}
        {user.customFields.some((value) => value !== "") && <Text>Custom fields: {valueText(user.customFields)}</Text>}
      </Card>
      <Card title="Groups">
        {user.memberships.length === 0 && <Text c="dimmed">No groups.</Text>}
        {user.memberships.map(({ groupId, role }) => (
          <Group key={groupId} gap="xs">
            <Anchor component={Link} href={`/groups/${encodeURIComponent(groupId)}`}>
              {groupId}
            </Anchor>
            {role > 0 && <Note text={roleNames[role] ?? `role ${role}`} />}
          </Group>
        ))}
      </Card>
      <Card title="Sources">
        {user.sources.map(({ source, databaseId }) => (
          <Text key={`${source} ${databaseId}`}>
            {source} {databaseId !== null && <Note text={`databaseID ${databaseId}`} />}
          </Text>
        ))}
        {user.origins.map((origin) => (
          <Text key={origin}>{origin === "manual" ? "Entered by hand" : "Self-registered"}</Text>
        ))}
      </Card>
    </SimpleGrid>
  );
}

const messageTypes: Readonly<Record<number, string>> = { 1: "text", 2: "voice", 3: "text and voice" };

const phoneNote = ({ label, messageType, carrier }: Phone): string =>
  [label, messageTypes[messageType], carrier].filter(Boolean).join(", ");

function Note({ text }: { readonly text: string }) {
  return (
    <Text span size="sm" c="dimmed">
      {text}
    </Text>
  );
}

function Card({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <Paper component="section" withBorder p="md">
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      <Stack gap={4}>{children}</Stack>
    </Paper>
  );
}
