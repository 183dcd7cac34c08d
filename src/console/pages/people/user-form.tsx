import { Button, Group, SimpleGrid, Stack, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { Phone, User, UserPatch } from "../../api/users.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";

/** The fields of a person as a form shows them: lists have one value on a line. */
interface Fields {
  readonly firstName: string;
  readonly lastName: string;
  readonly preferredName: string;
  readonly username: string;
  readonly emails: string;
  readonly phones: string;
  readonly location: string;
}

const empty: Fields = {
  firstName: "",
  lastName: "",
  preferredName: "",
  username: "",
  emails: "",
  phones: "",
  location: "",
};

function fieldsOf(user: User): Fields {
  const { firstName, lastName, preferredName } = user;
  return {
    firstName,
    lastName,
    preferredName,
    username: user.username ?? "",
    emails: user.emails.join("\n"),
    phones: user.phones.map(({ number }) => number).join("\n"),
    location: user.location ?? "",
  };
}

const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

/** The fields that differ, as the API takes them. Phones that stay keep their label, carrier and extension. */
function patchOf(before: Fields, after: Fields, phones: readonly Phone[]): UserPatch {
  const texts = ["firstName", "lastName", "preferredName", "username", "location"] as const;
  const changed = texts.filter((name) => before[name] !== after[name].trim());
  const known = new Map(phones.map((phone) => [phone.number, phone]));
  return {
    ...Object.fromEntries(changed.map((name) => [name, after[name].trim() || null])),
    ...(before.emails !== after.emails && { emails: linesOf(after.emails) }),
    ...(before.phones !== after.phones && {
      phones: linesOf(after.phones).map((number) => phoneOf(known.get(number), number)),
    }),
  };
}

function phoneOf(known: Phone | undefined, number: string): NonNullable<UserPatch["phones"]>[number] {
  if (known === undefined) return { number };
  const { extension, messageType, label, carrier } = known;
  return { number, extension, label, carrier, messageType: messageType as 1 | 2 | 3 };
}

interface UserFormProps {
  /** Absent: a new person. */
  readonly user?: User;
  readonly isPending: boolean;
  readonly error: unknown;
  readonly onSave: (changes: UserPatch) => void;
  readonly onCancel: () => void;
}

/** A form for the values that a person enters by hand. */
export function UserForm({ user, isPending, error, onSave, onCancel }: UserFormProps) {
  const before = user === undefined ? empty : fieldsOf(user);
  const [fields, setFields] = useState(before);
  const bind = (name: keyof Fields) => ({
    value: fields[name],
    onChange: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) => {
      const { value } = currentTarget;
      setFields((now) => ({ ...now, [name]: value }));
    },
  });
  const save = (event: FormEvent) => {
    event.preventDefault();
    onSave(patchOf(before, fields, user?.phones ?? []));
  };
  return (
    <form onSubmit={save}>
      <Stack maw={640}>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextInput label="First name" {...bind("firstName")} />
          <TextInput label="Last name" {...bind("lastName")} />
          <TextInput label="Preferred name" {...bind("preferredName")} />
          <TextInput label="Username" {...bind("username")} />
        </SimpleGrid>
        <Textarea
          label="E-mails"
          description="One on each line, the primary one first."
          autosize
          minRows={2}
          {...bind("emails")}
        />
        <Textarea
          label="Phones"
          description="One on each line, with + and the country for numbers abroad."
          autosize
          minRows={2}
          {...bind("phones")}
        />
        <TextInput label="Location" {...bind("location")} />
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
