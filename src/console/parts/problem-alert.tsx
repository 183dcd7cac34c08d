import { Alert, Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAlertTriangle } from "@tabler/icons-react";
import { ApiProblem } from "../api/client.ts";

/** Shows why something failed, in the service's own words. */
export function ProblemAlert({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const message = error instanceof Error ? error.message : String(error);
  const place = error instanceof ApiProblem ? placeOf(error.problem) : "";
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} role="alert" my="sm">
      {message}
      {place}
      {retry && (
        <Button size="xs" variant="default" mt="sm" display="block" onClick={retry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}

function placeOf({ line, column, field }: ApiProblem["problem"]): string {
  const parts = [
    line === undefined ? "" : `line ${line}`,
    column === undefined ? "" : `column ${column}`,
    field === undefined ? "" : `field ${field}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

/** Shows that something was done. */
export function notifyDone(message: string): void {
  notifications.show({ color: "green", message, closeButtonProps: { "aria-label": "Close the notification" } });
}
