import { Anchor, Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { Link, useSearchParams } from "wouter";
import { type Group, useGroups } from "../../api/groups.ts";
import { PageTitle } from "../../parts/page-title.tsx";
import { SearchField } from "../../parts/search-field.tsx";
import { type Column, VirtualList } from "../../parts/virtual-list.tsx";
import { categories, privacies } from "./choices.ts";

const columns: readonly Column<Group>[] = [
  {
    label: "Name",
    width: "3fr",
    cell: ({ groupId, name }) => (
      <Anchor component={Link} href={`/groups/${encodeURIComponent(groupId)}`}>
        {name}
      </Anchor>
    ),
  },
  { label: "Id", width: "2fr", cell: ({ groupId }) => groupId },
  { label: "Category", width: "2fr", cell: ({ category }) => categories[category] },
  { label: "Privacy", width: "2fr", cell: ({ privacy }) => privacies[privacy]?.split(":")[0] },
];

/** All groups, with a search by the beginning of a name or id. */
export default function GroupsPage() {
  const [search, setSearch] = useSearchParams();
  const query = search.get("query") ?? "";
  const groups = useGroups(query === "" ? {} : { query });
  return (
    <>
      <PageTitle title="Groups">
        <Button component={Link} href="/groups/new" leftSection={<IconPlus size={16} aria-hidden />}>
          Create a group
        </Button>
      </PageTitle>
      <SearchField
        label="Search by name or id"
        value={query}
        onSearch={(text) => setSearch(text === "" ? {} : { query: text }, { replace: true })}
      />
      <VirtualList
        label="Groups"
        list={groups}
        columns={columns}
        keyOf={({ groupId }) => groupId}
        empty={query === "" ? "There are no groups yet." : `No group's name or id begins with “${query}”.`}
      />
    </>
  );
}
