import { connectionHelp } from "../help.ts";

export const linkHelp = `muster link: makes a link that signs one person in, once, and prints it.

Usage
  muster link USERNAME [options]
  muster link --id ID [options]
  muster link --first-administrator [options]

Options
  --id ID            name the person by the id that the service issued, instead
                     of by username
  --first-administrator
                     make a link for the first network administrator, who
                     gives a name and an e-mail on the page; it works a day
  --json             print one line of JSON: url, userId, expiresAt
  -h, --help         print this text

${connectionHelp}

The key needs the service admin.

Behavior
  The service makes a link for the person. It works once, within 15 minutes, and
  replaces an earlier link that was not used. Standard output gets the link and
  nothing else; on a terminal, standard error says how long the link works.
  The link opens a page with a button. Pressing the button signs that browser in
  as the person; opening the page alone does not use the link up. Hand it to
  the person yourself, and to nobody else.

Exit status
  0   the link was printed
  2   the key or the person was refused
  3   the service could not be reached, or failed
  64  the command line or the key cannot be used
  70  a bug of muster

Examples
  muster link jdoe
  muster link --id 17 --key-file ~/.muster-key
`;
