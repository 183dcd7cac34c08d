import { Button, type ButtonProps, Group, Modal, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { type ReactNode, useState } from "react";
import { ProblemAlert } from "./problem-alert.tsx";

interface ConfirmButtonProps extends ButtonProps {
  readonly label: string;
  /** Asks, and says what will happen. */
  readonly question: ReactNode;
  /** A word that the person types before the action, for actions that destroy much. */
  readonly typed?: string;
  readonly action: {
    readonly isPending: boolean;
    readonly error: unknown;
    readonly reset: () => void;
    readonly mutateAsync: () => Promise<unknown>;
  };
  /** Called when it was done. */
  readonly onDone?: () => void;
}

/** A button that asks before it acts, and shows why the action failed. */
export function ConfirmButton({ label, question, typed, action, onDone, ...props }: ConfirmButtonProps) {
  const [isOpen, { open, close }] = useDisclosure();
  const [text, setText] = useState("");
  const cancel = () => {
    action.reset();
    setText("");
    close();
  };
  const act = async () => {
    try {
      await action.mutateAsync();
    } catch {
      // The problem appears in the dialog.
      return;
    }
    cancel();
    onDone?.();
  };
  return (
    <>
      <Button variant="default" {...props} onClick={open}>
        {label}
      </Button>
      <Modal opened={isOpen} onClose={cancel} title={label.replace("…", "")}>
        <Text component="div">{question}</Text>
        {typed !== undefined && (
          <TextInput
            mt="sm"
            label={`Type ${typed} to confirm`}
            value={text}
            onChange={({ currentTarget }) => setText(currentTarget.value)}
            data-autofocus
          />
        )}
        {action.error !== null && <ProblemAlert error={action.error} />}
        <Group mt="md" justify="flex-end">
          <Button variant="default" onClick={cancel}>
            Cancel
          </Button>
          <Button
            color="red"
            disabled={typed !== undefined && text !== typed}
            loading={action.isPending}
            onClick={() => void act()}
          >
            {label.replace("…", "")}
          </Button>
        </Group>
      </Modal>
    </>
  );
}
