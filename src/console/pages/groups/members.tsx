import { ActionIcon, Anchor, Button, Group, Modal, Select, Stack } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconUserMinus } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";
import { type Member, useMemberEdits, useMembers } from "../../api/groups.ts";
import { nameOf } from "../../api/session.ts";
import { useUsers } from "../../api/users.ts";
import { notifyDone, ProblemAlert } from "../../parts/problem-alert.tsx";
import { roleChoices, roleNames } from "../../parts/roles.ts";
import { SearchField } from "../../parts/search-field.tsx";
import { Time } from "../../parts/time.tsx";
import { type Column, VirtualList } from "../../parts/virtual-list.tsx";
import { whenDone } from "../../parts/when-done.ts";

interface MembersProps {
  readonly groupId: string;
  /** True if the person may look up people of the whole organization. */
  readonly isAdministrator: boolean;
}

/** The members of a group, with their roles. */
export function Members({ groupId, isAdministrator }: MembersProps) {
  const members = useMembers(groupId);
  const { put, remove } = useMemberEdits(groupId);
  const error = put.error ?? remove.error;
  const columns: readonly Column<Member>[] = [
    {
      label: "Name",
      width: "3fr",
      cell: (member) => {
        const name = nameOf({ ...member, id: member.userId });
        return isAdministrator ? (
          <Anchor component={Link} href={`/people/${member.userId}`}>
            {name}
          </Anchor>
        ) : (
          name
        );
      },
    },
    { label: "Username", width: "2fr", cell: ({ username }) => username ?? "" },
    {
      label: "Role",
      width: "13rem",
      cell: ({ userId, role, ...person }) => (
        <Select
          size="xs"
          aria-label={`Role of ${nameOf({ ...person, id: userId })}`}
          data={roleChoices}
          value={String(role)}
          onChange={(value) => put.mutate({ userId, role: Number(value) })}
          allowDeselect={false}
          renderOption={({ option }) => roleNames[Number(option.value)]}
        />
      ),
    },
    { label: "Since", width: "8rem", cell: ({ since }) => <Time at={since} /> },
    {
      label: "Remove",
      width: "4rem",
      cell: ({ userId, ...person }) => (
        <ActionIcon
          variant="subtle"
          color="red"
          aria-label={`Remove ${nameOf({ ...person, id: userId })}`}
          onClick={() => whenDone(remove.mutateAsync(userId), () => notifyDone("The member was removed."))}
        >
          <IconUserMinus size={18} aria-hidden />
        </ActionIcon>
      ),
    },
  ];
  return (
    <>
      {isAdministrator && <AddMember groupId={groupId} put={put} />}
      {error && <ProblemAlert error={error} />}
      <VirtualList
        label="Members"
        list={members}
        columns={columns}
        keyOf={({ userId }) => userId}
        empty="The group has no members."
      />
    </>
  );
}

interface AddMemberProps {
  readonly groupId: string;
  readonly put: ReturnType<typeof useMemberEdits>["put"];
}

function AddMember({ groupId, put }: AddMemberProps) {
  const [isOpen, { open, close }] = useDisclosure();
  const [query, setQuery] = useState("");
  const [role, setRole] = useState("0");
  const found = useUsers(query === "" ? {} : { query });
  const add = (userId: string) =>
    whenDone(put.mutateAsync({ userId, role: Number(role) }), () => notifyDone("The person is a member."));
  return (
    <>
      <Button mb="md" variant="light" onClick={open}>
        Add a member…
      </Button>
      <Modal opened={isOpen} onClose={close} title={`Add a member to ${groupId}`}>
        <Select
          label="Role"
          data={roleChoices}
          value={role}
          onChange={(value) => setRole(value ?? "0")}
          allowDeselect={false}
          mb="sm"
        />
        <SearchField label="Search by name, username or e-mail" value={query} onSearch={setQuery} />
        {put.error && <ProblemAlert error={put.error} />}
        <Stack gap="xs">
          {found.items.slice(0, 8).map((user) => (
            <Group key={user.id} justify="space-between" wrap="nowrap">
              <span>
                {nameOf(user)} {user.username && `(${user.username})`}
              </span>
              <Button size="xs" variant="default" loading={put.isPending} onClick={() => add(user.id)}>
                Add
              </Button>
            </Group>
          ))}
        </Stack>
      </Modal>
    </>
  );
}
