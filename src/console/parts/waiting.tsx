import { Center, Loader } from "@mantine/core";

/** Shows that something is being read. */
export function Waiting() {
  return (
    <Center mih={120} role="status" aria-label="Loading">
      <Loader size="sm" aria-hidden />
    </Center>
  );
}
