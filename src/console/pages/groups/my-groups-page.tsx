import { Anchor, Stack, Text } from "@mantine/core";
import { Link } from "wouter";
import { api, dataOf } from "../../api/client.ts";
import { useList } from "../../api/lists.ts";
import type { Me } from "../../api/session.ts";
import { PageTitle } from "../../parts/page-title.tsx";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { roleNames } from "../../parts/roles.ts";
import { Waiting } from "../../parts/waiting.tsx";

/** The groups in which the person has a role above member. */
export default function MyGroupsPage({ me }: { readonly me: Me }) {
  const permissions = useList(["my-permissions", me.id], (cursor, signal) =>
    dataOf(
      api.GET("/v1/users/{id}/permissions", { params: { path: { id: me.id }, query: { cursor, limit: 200 } }, signal }),
    ),
  );
  if (permissions.isError) return <ProblemAlert error={permissions.error} />;
  return (
    <>
      <PageTitle title="My groups" note="Groups in which you have a role." />
      {permissions.isPending && <Waiting />}
      <Stack gap="xs">
        {permissions.items.map(({ groupId, role }) => (
          <div key={groupId}>
            <Anchor component={Link} href={`/groups/${encodeURIComponent(groupId)}`} fw={600}>
              {groupId}
            </Anchor>
            <Text size="sm" c="dimmed">
              {roleNames[role]}
            </Text>
          </div>
        ))}
      </Stack>
    </>
  );
}
