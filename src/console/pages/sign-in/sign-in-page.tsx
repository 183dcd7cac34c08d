import { Center, Code, Paper, Text, Title } from "@mantine/core";

/** Tells a visitor how to sign in. */
export function SignInPage() {
  return (
    <Center mih="100vh" p="md">
      <Paper component="main" withBorder p="xl" maw={440} w="100%">
        <Title order={1} size="h2" mb="sm">
          Sign in to Muster
        </Title>
        <Text mb="sm">
          You are not signed in. Ask an administrator for a sign-in link, and open it in this browser.
        </Text>
        <Text size="sm" c="dimmed">
          Operators make a link with <Code>muster link</Code>.
        </Text>
      </Paper>
    </Center>
  );
}
