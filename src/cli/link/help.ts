import { connectionHelp } from "../help.ts";

export const linkHelp = `muster link: makes a link that signs somebody in once, and prints it.

Usage
  muster link USERNAME [options]
  muster link --id ID [options]

Options
  --id ID            the person by the id that the service gave, instead of by
                     username
  --json             print one line of JSON: url, userId, expiresAt
  -h, --help         this text

${connectionHelp}

The key needs the service admin.

What happens
  The service makes a link for the person, which works once, within 15 minutes;
  an earlier one that was not used ends. It is printed on standard output, with
  nothing else; a terminal is also told until when it works. Whoever opens it is
  asked to press a button, and is that person from then on, in that browser:
  hand it over yourself, and to nobody else. Opening it without the button uses
  nothing up.

Exit status
  0   the link was printed
  2   the key or the person was refused
  3   the service could not be reached, or failed
  64  the command line or the key cannot be used
  70  a fault of the command itself

Examples
  muster link jdoe
  muster link --id 17 --key-file ~/.muster-key
`;
