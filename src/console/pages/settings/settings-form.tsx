import { Button, Fieldset, Group, NumberInput, Select, Stack, Switch, TagsInput, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { type Organization, type Settings, useSettingsEdit } from "../../api/organization.ts";
import { notifyDone, ProblemAlert } from "../../parts/problem-alert.tsx";
import { whenDone } from "../../parts/when-done.ts";
import { type SettingField, settingSections } from "./setting-fields.ts";

/** A form of all settings. It sends those that differ. */
export function SettingsForm({ organization }: { readonly organization: Organization }) {
  const before = organization.settings;
  const [settings, setSettings] = useState<Settings>(before);
  const edit = useSettingsEdit(organization);
  const names = Object.keys(settings) as (keyof Settings)[];
  const changed = names.filter((name) => JSON.stringify(settings[name]) !== JSON.stringify(before[name]));
  const save = (event: FormEvent) => {
    event.preventDefault();
    whenDone(edit.mutateAsync(Object.fromEntries(changed.map((name) => [name, settings[name]]))), () =>
      notifyDone("The settings were changed."),
    );
  };
  return (
    <form onSubmit={save}>
      <Stack maw={720}>
        {settingSections.map(({ title, fields }) => (
          <Fieldset key={title} legend={title}>
            <Stack>
              {fields.map((field) => (
                <SettingInput
                  key={field.name}
                  field={field}
                  value={settings[field.name]}
                  onChange={(value) => setSettings((now) => ({ ...now, [field.name]: value }))}
                />
              ))}
            </Stack>
          </Fieldset>
        ))}
        {edit.isError && <ProblemAlert error={edit.error} />}
        <Group>
          <Button type="submit" disabled={changed.length === 0} loading={edit.isPending}>
            Save
          </Button>
          <Button variant="default" disabled={changed.length === 0} onClick={() => setSettings(before)}>
            Undo changes
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface SettingInputProps {
  readonly field: SettingField;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

function SettingInput({ field, value, onChange }: SettingInputProps) {
  const { label, description } = field;
  switch (field.kind) {
    case "switch":
      return (
        <Switch
          label={label}
          description={description}
          checked={value === true}
          onChange={({ currentTarget }) => onChange(currentTarget.checked)}
        />
      );
    case "number":
      return (
        <NumberInput
          label={label}
          description={description}
          value={value as number}
          onChange={(entered) => typeof entered === "number" && onChange(entered)}
          min={0}
          allowDecimal={false}
          maw={240}
        />
      );
    case "list":
      return <TagsInput label={label} description={description} value={value as string[]} onChange={onChange} />;
    case "choice":
      return (
        <Select
          label={label}
          description={description}
          data={Object.entries(field.choices).map(([choice, text]) => ({ value: choice, label: text }))}
          value={value as string}
          onChange={onChange}
          allowDeselect={false}
        />
      );
    case "text":
      return (
        <TextInput
          label={label}
          description={description}
          value={value as string}
          onChange={({ currentTarget }) => onChange(currentTarget.value)}
          maw={360}
        />
      );
  }
}
