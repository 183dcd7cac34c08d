import { useLocation } from "wouter";
import { useAddGroup } from "../../api/groups.ts";
import { PageTitle } from "../../parts/page-title.tsx";
import { notifyDone } from "../../parts/problem-alert.tsx";
import { whenDone } from "../../parts/when-done.ts";
import { GroupForm } from "./group-form.tsx";

/** Creates a group. */
export default function NewGroupPage() {
  const [, navigate] = useLocation();
  const add = useAddGroup();
  return (
    <>
      <PageTitle title="Create a group" />
      <GroupForm
        isNetworkAdministrator
        isPending={add.isPending}
        error={add.error}
        onCancel={() => navigate("/groups")}
        onSave={(fields) =>
          whenDone(add.mutateAsync(fields), ({ groupId }) => {
            notifyDone("The group was created.");
            navigate(`/groups/${encodeURIComponent(groupId)}`);
          })
        }
      />
    </>
  );
}
