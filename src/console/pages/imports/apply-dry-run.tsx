import { Alert, Button, Group, Progress, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { type Import, sendFile, type Upload } from "../../api/imports.ts";
import { ProblemAlert } from "../../parts/problem-alert.tsx";
import { fileOf } from "./chosen-file.ts";

/** Offers to import the file of a dry run for good. */
export function ApplyDryRun({ value }: { readonly value: Import }) {
  const upload = fileOf(value.id);
  return (
    <Alert color="grape" variant="light" title="This was a dry run: nothing has changed" my="md">
      {upload === undefined ? (
        <Text size="sm">To apply it, import the file again.</Text>
      ) : (
        <Apply upload={upload} isHeld={value.hold !== null} />
      )}
    </Alert>
  );
}

function Apply({ upload, isHeld }: { readonly upload: Omit<Upload, "dryRun">; readonly isHeld: boolean }) {
  const [, navigate] = useLocation();
  const [share, setShare] = useState(0);
  const apply = useMutation({
    mutationFn: () => sendFile({ ...upload, dryRun: false }, setShare),
    onSuccess: ({ id }) => navigate(`/imports/${id}`),
  });
  return (
    <>
      {isHeld && <Text size="sm">The guard will hold this import until another administrator approves it.</Text>}
      <Group mt="sm">
        <Button loading={apply.isPending} onClick={() => apply.mutate()}>
          Import {upload.file.name} now
        </Button>
      </Group>
      {apply.isPending && <Progress mt="sm" value={share * 100} animated aria-label="Sending the file" />}
      {apply.isError && <ProblemAlert error={apply.error} />}
    </>
  );
}
