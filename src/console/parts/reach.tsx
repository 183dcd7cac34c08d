import { Anchor, Text } from "@mantine/core";
import { Link } from "wouter";
import type { Schemas } from "../api/client.ts";
import { nameOf } from "../api/session.ts";
import { type Column, VirtualList } from "./virtual-list.tsx";

type Reach = Schemas["Reach"];
type UnreachedPerson = Schemas["UnreachedPerson"];

const reasons: Readonly<Record<UnreachedPerson["reasons"][number], string>> = {
  unreachable: "cannot be reached at all",
  no_email: "no e-mail",
  email_opted_out: "e-mail opted out",
  no_phone: "no phone",
  phone_opted_out: "phone opted out",
  no_text: "no phone for texts",
  no_voice: "no phone for calls",
};

const columns: readonly Column<UnreachedPerson>[] = [
  {
    label: "Person",
    width: "2fr",
    cell: (person) => (
      <Anchor component={Link} href={`/people/${person.userId}`}>
        {nameOf({ ...person, id: person.userId })}
      </Anchor>
    ),
  },
  { label: "Missing", width: "4fr", cell: (person) => person.reasons.map((reason) => reasons[reason]).join(", ") },
];

/** How many people each channel reaches, in one sentence. */
export function ReachSummary({ reach }: { readonly reach: Reach }) {
  const { people, byEmail, byText, byVoice, unreachable } = reach;
  return (
    <>
      <Text>
        {people.toLocaleString()} people: {byEmail.toLocaleString()} by e-mail, {byText.toLocaleString()} by text,{" "}
        {byVoice.toLocaleString()} by voice.
      </Text>
      <Text fw={600} c={unreachable > 0 ? "var(--mantine-color-red-text)" : undefined} mb="xs">
        {unreachable === 0 ? "Nobody is out of reach." : `${unreachable.toLocaleString()} cannot be reached at all.`}
      </Text>
    </>
  );
}

interface UnreachedListProps {
  readonly list: Parameters<typeof VirtualList<UnreachedPerson>>[0]["list"];
}

/** The people whom some channel does not reach. */
export function UnreachedList({ list }: UnreachedListProps) {
  return (
    <VirtualList
      label="People whom some channel does not reach"
      list={list}
      columns={columns}
      keyOf={({ userId }) => userId}
      empty="Every channel reaches everybody."
    />
  );
}
