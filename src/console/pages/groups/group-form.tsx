import { Button, Checkbox, Group, Select, Stack, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Group as GroupResource, NewGroup } from "../../api/groups.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { categories, choicesOf, privacies, styles, types } from "./choices.ts";

type Fields = Required<
  Pick<
    NewGroup,
    "groupId" | "name" | "category" | "type" | "privacy" | "postApproval" | "description" | "default" | "protected"
  >
> & { readonly style: string };

const empty: Fields = {
  groupId: "",
  name: "",
  category: 1,
  type: 1,
  privacy: 2,
  postApproval: false,
  description: "",
  default: false,
  protected: false,
  style: "",
};

const fieldsOf = (group: GroupResource): Fields => ({ ...group, style: group.style ?? "" });

/** The fields that differ, as the API takes them. */
function changesOf(before: Fields, after: Fields): NewGroup {
  const names = Object.keys(empty) as (keyof Fields)[];
  const changed = names.filter((name) => before[name] !== after[name]);
  return Object.fromEntries(changed.map((name) => [name, name === "style" ? after.style || null : after[name]]));
}

interface GroupFormProps {
  /** Absent: a new group. */
  readonly group?: GroupResource;
  /** True if the person may change all settings; group administrators may change some. */
  readonly isNetworkAdministrator: boolean;
  readonly isPending: boolean;
  readonly error: unknown;
  readonly onSave: (changes: NewGroup) => void;
  readonly onCancel: () => void;
}

/** A form for a group's settings. */
export function GroupForm({ group, isNetworkAdministrator, isPending, error, onSave, onCancel }: GroupFormProps) {
  const before = group === undefined ? empty : fieldsOf(group);
  const [fields, setFields] = useState(before);
  const set = (changes: Partial<Fields>) => setFields((now) => ({ ...now, ...changes }));
  const save = (event: FormEvent) => {
    event.preventDefault();
    onSave(changesOf(before, fields));
  };
  return (
    <form onSubmit={save}>
      <Stack maw={640}>
        {isNetworkAdministrator && <IdentityFields fields={fields} isNew={group === undefined} set={set} />}
        <Select
          label="Discussion"
          data={choicesOf(types)}
          value={String(fields.type)}
          onChange={(value) => set({ type: Number(value) as Fields["type"] })}
          allowDeselect={false}
        />
        <Select
          label="Privacy"
          data={choicesOf(privacies)}
          value={String(fields.privacy)}
          onChange={(value) => set({ privacy: Number(value) as Fields["privacy"] })}
          allowDeselect={false}
        />
        <Checkbox
          label="Topics need approval"
          checked={fields.postApproval}
          onChange={({ currentTarget }) => set({ postApproval: currentTarget.checked })}
        />
        <Textarea
          label="Description"
          value={fields.description}
          onChange={({ currentTarget }) => set({ description: currentTarget.value })}
          autosize
          minRows={2}
        />
        {isNetworkAdministrator && <ImportFields fields={fields} set={set} />}
        {error !== null && <ProblemAlert error={error} />}
        <Group>
          <Button type="submit" loading={isPending}>
            Save
          </Button>
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface FieldsProps {
  readonly fields: Fields;
  readonly set: (changes: Partial<Fields>) => void;
}

function IdentityFields({ fields, isNew, set }: FieldsProps & { readonly isNew: boolean }) {
  return (
    <>
      <TextInput
        label="Name"
        required
        value={fields.name}
        onChange={({ currentTarget }) => set({ name: currentTarget.value })}
      />
      {isNew && (
        <TextInput
          label="Id"
          description="The name of the group in files. It cannot be changed later."
          required
          value={fields.groupId}
          onChange={({ currentTarget }) => set({ groupId: currentTarget.value })}
        />
      )}
      <Select
        label="Category"
        data={choicesOf(categories)}
        value={String(fields.category)}
        onChange={(value) => set({ category: Number(value) as Fields["category"] })}
        allowDeselect={false}
      />
    </>
  );
}

function ImportFields({ fields, set }: FieldsProps) {
  return (
    <>
      <Select
        label="Style of imports for this group"
        data={choicesOf(styles)}
        value={fields.style}
        onChange={(value) => set({ style: value ?? "" })}
        allowDeselect={false}
      />
      <Checkbox
        label="Everybody joins this group (default group)"
        checked={fields.default}
        onChange={({ currentTarget }) => set({ default: currentTarget.checked })}
      />
      <Checkbox
        label="Protected: the guard holds imports that remove many members"
        checked={fields.protected}
        onChange={({ currentTarget }) => set({ protected: currentTarget.checked })}
      />
    </>
  );
}
