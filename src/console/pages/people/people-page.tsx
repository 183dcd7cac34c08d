import { Anchor, Button, Text } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { Link, useSearchParams } from "wouter";
import { nameOf } from "../../api/session.ts";
import { type User, useUsers } from "../../api/users.ts";
import { PageTitle } from "../../parts/page-title.tsx";
import { SearchField } from "../../parts/search-field.tsx";
import { type Column, VirtualList } from "../../parts/virtual-list.tsx";

const columns: readonly Column<User>[] = [
  {
    label: "Name",
    width: "3fr",
    cell: (user) => (
      <Anchor component={Link} href={`/people/${user.id}`}>
        {nameOf(user)}
      </Anchor>
    ),
  },
  { label: "Username", width: "2fr", cell: ({ username }) => username ?? "" },
  { label: "E-mail", width: "3fr", cell: ({ emails }) => emails[0] ?? <Missing what="No e-mail" /> },
  { label: "Phone", width: "2fr", cell: ({ phones }) => phones[0]?.number ?? <Missing what="No phone" /> },
  { label: "Groups", width: "5rem", cell: ({ memberships }) => memberships.length },
  {
    label: "Sources",
    width: "2fr",
    cell: ({ sources, origins }) => [...sources.map(({ source }) => source), ...origins].join(", "),
  },
];

function Missing({ what }: { readonly what: string }) {
  return (
    <Text span c="dimmed" size="sm">
      {what}
    </Text>
  );
}

/** All people, with a search by the beginning of a name, username or e-mail. */
export default function PeoplePage() {
  const [search, setSearch] = useSearchParams();
  const query = search.get("query") ?? "";
  const users = useUsers(query === "" ? {} : { query });
  return (
    <>
      <PageTitle title="People">
        <Button component={Link} href="/people/new" leftSection={<IconUserPlus size={16} aria-hidden />}>
          Add a person
        </Button>
      </PageTitle>
      <SearchField
        label="Search by name, username or e-mail"
        value={query}
        onSearch={(text) => setSearch(text === "" ? {} : { query: text }, { replace: true })}
      />
      <VirtualList
        label="People"
        list={users}
        columns={columns}
        keyOf={({ id }) => id}
        empty={
          query === ""
            ? "There are no people yet."
            : `Nobody has a name, username or e-mail that begins with “${query}”.`
        }
      />
    </>
  );
}
