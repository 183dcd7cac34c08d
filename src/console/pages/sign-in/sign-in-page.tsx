import { Button, Center, Code, Paper, Text, Title } from "@mantine/core";

/** Tells a visitor how to sign in. */
export function SignInPage() {
  return (
    <Center mih="100vh" p="md">
      <Paper component="main" withBorder p="xl" maw={440} w="100%">
        <Title order={1} size="h2" mb="sm">
          Sign in to Muster
        </Title>
        <Button component="a" href="/sign-in" fullWidth mb="md">
          Sign in with your university account
        </Button>
        <Text size="sm" c="dimmed">
          Without such an account, ask an administrator for a sign-in link, and open it in this browser. Operators make
          a link with <Code>muster link</Code>.
        </Text>
      </Paper>
    </Center>
  );
}
