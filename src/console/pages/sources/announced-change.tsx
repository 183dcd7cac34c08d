import { Button, Group, NumberInput, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { type Me, nameOf } from "../../api/session.ts";
import { type Source, useSourceEdits } from "../../api/sources.ts";
import { notifyDone, ProblemAlert } from "../../parts/problem-alert.tsx";
import { Time } from "../../parts/time.tsx";
import { whenDone } from "../../parts/when-done.ts";

const dayText = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** Allows one import of the source to remove more people than its limits, such as at the end of a term. */
export function AnnouncedChange({ source, me }: { readonly source: Source; readonly me: Me }) {
  const { announce, withdraw } = useSourceEdits(source);
  const [percent, setPercent] = useState(40);
  const [from, setFrom] = useState(dayText(0));
  const [until, setUntil] = useState(dayText(7));
  const announced = source.announcedChange;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const change = { percent, from: `${from}T00:00:00Z`, until: `${until}T23:59:59Z`, announcedBy: nameOf(me) };
    whenDone(announce.mutateAsync(change), () => notifyDone("The change is announced."));
  };
  if (announced && announced.usedBy === null) {
    return (
      <Stack maw={560}>
        <Text>
          {announced.announcedBy} announced that up to {announced.percent} % of the people may leave, until{" "}
          <Time at={announced.until} />. One import can use this.
        </Text>
        {withdraw.isError && <ProblemAlert error={withdraw.error} />}
        <Button variant="default" w="fit-content" loading={withdraw.isPending} onClick={() => withdraw.mutate()}>
          Withdraw the announcement
        </Button>
      </Stack>
    );
  }
  return (
    <form onSubmit={submit}>
      <Stack maw={560}>
        <Text>
          At the end of a term, many people leave at once. Announce it, so that the guard lets one import pass.
        </Text>
        <NumberInput
          label="People who may leave"
          suffix=" %"
          value={percent}
          min={1}
          max={100}
          onChange={(value) => typeof value === "number" && setPercent(value)}
        />
        <Group grow>
          <TextInput
            type="date"
            label="From"
            value={from}
            onChange={({ currentTarget }) => setFrom(currentTarget.value)}
          />
          <TextInput
            type="date"
            label="Until"
            value={until}
            onChange={({ currentTarget }) => setUntil(currentTarget.value)}
          />
        </Group>
        {announce.isError && <ProblemAlert error={announce.error} />}
        <Button type="submit" loading={announce.isPending} w="fit-content">
          Announce
        </Button>
      </Stack>
    </form>
  );
}
