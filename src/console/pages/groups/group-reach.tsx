import { useGroupReach } from "../../api/groups.ts";
import { ReachSummary, UnreachedList } from "../../parts/reach.tsx";

/** How many members each channel reaches, and the members whom some channel does not reach. */
export function GroupReach({ groupId }: { readonly groupId: string }) {
  const reach = useGroupReach(groupId);
  return (
    <>
      {reach.firstPage && <ReachSummary reach={reach.firstPage} />}
      <UnreachedList list={reach} />
    </>
  );
}
