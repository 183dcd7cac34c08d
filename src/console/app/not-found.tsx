import { Anchor, Text, Title } from "@mantine/core";
import { Link } from "wouter";

/** Says that the address is not a page of the console. */
export function NotFound() {
  return (
    <>
      <Title order={1} size="h2" mb="sm">
        There is no such page
      </Title>
      <Text>
        The address may be mistyped, or the page may need another role.{" "}
        <Anchor component={Link} href="/">
          Go to the first page
        </Anchor>
      </Text>
    </>
  );
}
