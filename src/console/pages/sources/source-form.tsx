import { Button, NumberInput, Select, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { type Source, useSourceEdits } from "../../api/sources.ts";
import { notifyDone, ProblemAlert } from "../../parts/problem-alert.tsx";
import { whenDone } from "../../parts/when-done.ts";

const styles = [
  { value: "", label: "The organization's style" },
  { value: "normal", label: "Normal: add and change, remove nobody" },
  { value: "active-roster", label: "Active roster: remove people who are missing" },
  { value: "purge", label: "Purge: remove people and memberships that are missing" },
];
const primaryEmails = [
  { value: "kept", label: "Keep the present one: files fill a blank only" },
  { value: "source", label: "Take it from the files of this source" },
];

/** The rank, style and e-mail rule of a source. */
export function SourceForm({ source }: { readonly source: Source }) {
  const [rank, setRank] = useState(source.rank);
  const [style, setStyle] = useState<string>(source.style ?? "");
  const [primaryEmail, setPrimaryEmail] = useState<Source["primaryEmail"]>(source.primaryEmail);
  const { save } = useSourceEdits(source);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    whenDone(save.mutateAsync({ rank, style: (style || null) as Source["style"], primaryEmail }), () =>
      notifyDone("The source was changed."),
    );
  };
  return (
    <form onSubmit={submit}>
      <Stack maw={560}>
        <NumberInput
          label="Rank"
          description="1 is the best. If two sources disagree, the better rank wins."
          value={rank}
          min={1}
          allowDecimal={false}
          onChange={(value) => typeof value === "number" && setRank(value)}
        />
        <Select
          label="Style of its files"
          data={styles}
          value={style}
          onChange={(value) => setStyle(value ?? "")}
          allowDeselect={false}
        />
        <Select
          label="Primary e-mail"
          data={primaryEmails}
          value={primaryEmail}
          onChange={(value) => setPrimaryEmail((value ?? "kept") as Source["primaryEmail"])}
          allowDeselect={false}
        />
        {save.isError && <ProblemAlert error={save.error} />}
        <Button type="submit" loading={save.isPending} w="fit-content">
          Save
        </Button>
      </Stack>
    </form>
  );
}
