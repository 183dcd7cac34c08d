import { connectionHelp } from "../help.ts";

export const pushHelp = `muster push: imports a file, and reports what became of it.

Usage
  muster push FILE [options]

FILE is XML, CSV, JSON or text, told by its name, else by its content; with .gz
at the end of the name it is sent compressed. With - it is standard input, which
is kept in a temporary file until it has arrived.

Options
  --kind KIND        what the file is of: users (without the option), groups or
                     locations
  --source NAME      whose file it is; without it the key's source, else
                     "default"
  --style STYLE      normal, active-roster or purge; without it that of the
                     source. For files of users.
  --dry-run          tell what would happen, and apply nothing
  --retries N        how often it is tried again, from 0 to 100; 7 without it
  --json             report in one line of JSON, for scripts
  -h, --help         this text

${connectionHelp}

The key needs the service import, for groups and locations the service groups.

What happens
  The file is sent and processed to the end. When the network fails, or the
  service answers 429, 502, 503 or 504, it is sent again after 1, 2, 4 … up to
  60 seconds, or when the service says (Retry-After). All attempts have the same
  Idempotency-Key: what has arrived is not applied twice, however often the
  connection breaks off. On a terminal a bar shows how far it is.

Exit status
  0   every row was applied (--dry-run: would be)
  1   rows failed; the others were applied
  2   the file or the key was refused; nothing was applied
  3   the service could not be reached, or failed
  4   all or a part of the file waits for a decision (--dry-run: would)
  64  the command line, the key or the file cannot be used
  70  a fault of the command itself

Examples
  muster push roster.xml
  muster push roster.csv --source students --style active-roster --dry-run
  sis-export --people | muster push - --json
`;
