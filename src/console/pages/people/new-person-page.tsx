import { useLocation } from "wouter";
import { type NewUser, useAddUser } from "../../api/users.ts";
import { PageTitle } from "../../parts/page-title.tsx";
import { notifyDone } from "../../parts/problem-alert.tsx";
import { whenDone } from "../../parts/when-done.ts";
import { UserForm } from "./user-form.tsx";

/** Adds a person by hand. */
export default function NewPersonPage() {
  const [, navigate] = useLocation();
  const add = useAddUser();
  return (
    <>
      <PageTitle title="Add a person" note="Values that you enter are manual: no import changes them." />
      <UserForm
        isPending={add.isPending}
        error={add.error}
        onCancel={() => navigate("/people")}
        onSave={(fields) =>
          whenDone(add.mutateAsync(fields as NewUser), ({ id }) => {
            notifyDone("The person was added.");
            navigate(`/people/${id}`);
          })
        }
      />
    </>
  );
}
