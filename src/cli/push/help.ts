import { connectionHelp } from "../help.ts";

export const pushHelp = `muster push: imports a file, and reports the result.

Usage
  muster push FILE [options]

FILE is XML, CSV, JSON or text. The name tells the format, or else the content.
A file with a name that ends in .gz is sent compressed. FILE may be - for
standard input, which muster keeps in a temporary file until it has arrived.

Options
  --kind KIND        content of the file: users (default), groups or locations
  --source NAME      source that sends the file; default: the key's source, or
                     "default"
  --style STYLE      normal, active-roster or purge; default: the style of the
                     source. For files of users.
  --dry-run          report what would happen, and apply nothing
  --retries N        number of retries, from 0 to 100; default: 7
  --json             print one line of JSON, for scripts
  -h, --help         print this text

${connectionHelp}

The key needs the service import; for groups and locations the service groups.

Behavior
  The command sends the file and waits until the service has processed it. When
  the network fails, or the answer is 429, 502, 503 or 504, it sends the file
  again: after 1, 2, 4 … up to 60 seconds, or when the service asks for it
  (Retry-After). All attempts have the same Idempotency-Key: a file that has
  arrived is not applied twice, however often the connection breaks off. On a
  terminal a bar shows the progress.

Exit status
  0   every row was applied (--dry-run: would be)
  1   rows failed; the others were applied
  2   the file or the key was refused; nothing was applied
  3   the service could not be reached, or failed
  4   all or a part of the file waits for a decision (--dry-run: would)
  64  the command line, the key or the file cannot be used
  70  a bug of muster

Examples
  muster push roster.xml
  muster push roster.csv --source students --style active-roster --dry-run
  sis-export --people | muster push - --json
`;
