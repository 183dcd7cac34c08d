/** What `--help` shows; docs/command-line.md shows the same. */

const connectionHelp = `Connection
  --url URL          address of the service; without it the environment's
                     MUSTER_URL
  --key-file PATH    file that holds the API key, and that nobody but its owner
                     may read (chmod 600); without it the environment's
                     MUSTER_KEY. A key is never given on the command line.`;

export const generalHelp = `muster: sends files to a Muster service, keeps a copy of what it stores, and
makes links that sign people in. For whoever runs the service it also manages
its organizations.

Usage
  muster push FILE [options]      import a file, and report what became of it
  muster pull --to PLACE [options]
                                  make a copy, or bring it up to date
  muster link USERNAME            make a link that signs somebody in once
  muster organization …           create, list, rename and delete organizations
  muster help push                more about one of them
  muster --version

Environment
  MUSTER_URL         address of the service, such as https://muster.example.edu
  MUSTER_KEY         API key; for organizations the operator's key

Example
  export MUSTER_URL=https://muster.example.edu
  muster push roster.csv --key-file ~/.muster-key
`;

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

export const pullHelp = `muster pull: makes a copy of users, groups, memberships and locations, and
brings it up to date.

Usage
  muster pull --to DIRECTORY [options]       as CSV: users.csv, groups.csv,
                                             memberships.csv, locations.csv
  muster pull --to FILE.sqlite [options]     as an SQLite database with the
                                             tables of these names

Options
  --to PLACE         where the copy is, or is to be
  --format FORMAT    csv or sqlite; without it by the name: .sqlite, .sqlite3
                     and .db are SQLite, which needs Node.js 22.13 or later
  --follow           go on: take over changes as soon as they are made, until
                     SIGINT (Ctrl-C) or SIGTERM
  --retries N        how often a request is tried again, from 0 to 100; without
                     it 7, with --follow without end
  -h, --help         this text

${connectionHelp}

The key needs the service retrieve.

What happens
  The first time all lists are read, and what changed meanwhile; later only what
  has changed since. Data and the place in the change log are stored in one
  step: a process that is killed at any point leaves the copy as it was before
  or after a step, and the next pull goes on exactly there. When the change log
  does not reach back far enough any more, everything is read anew, and the
  command says so. CSV files are replaced whole, one after the other within a
  moment. One process at a time changes a copy.

Exit status
  0   the copy is up to date (--follow: was ended by a signal)
  2   the key was refused
  3   the service could not be reached, or failed
  5   the copy cannot be written, or is of another service
  64  the command line or the key cannot be used
  70  a fault of the command itself
  130, 143  ended by SIGINT or SIGTERM before the copy was up to date

Examples
  muster pull --to directory
  muster pull --to directory.sqlite --follow
  sqlite3 directory.sqlite "select email from users where location = 'Main'"
`;

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

export const organizationHelp = `muster organization: the organizations of a service, for whoever runs it.

Usage
  muster organization list                 all of them
  muster organization show ID              one of them
  muster organization create NAME          a new one, and its first admin key
  muster organization rename ID NAME       give it another name
  muster organization identity-provider ID
                                           set whose tokens sign people in
  muster organization admin-key ID         a further admin key, for a campus
                                           that lost its own
  muster organization delete ID            tell what would be deleted

Options
  --key-output FILE    create, admin-key: write the key into a new file that
                       nobody but its owner may read (mode 600)
  --show-key           create, admin-key: print the key to standard output
  --revoke-others      admin-key: revoke all other keys with the service admin;
                       those of jobs go on working
  --issuer URL         identity-provider: the OpenID provider's address, as it
                       stands in the tokens' "iss"
  --audience NAME      identity-provider: what they have in "aud"; comes with
                       --issuer
  --none               identity-provider: no tokens sign people in
  --expected-users N   delete: how many users it has
  --apply              delete: do it, if --expected-users is right
  --json               report in one line of JSON, for scripts
  -h, --help           this text

Connection
  --url URL            address of the service; without it the environment's
                       MUSTER_URL
  --key-file PATH      file that holds the operator's key, and that nobody but
                       its owner may read (chmod 600); without it the
                       environment's MUSTER_KEY. A key is never given on the
                       command line.

The key is the one that the service was started with as MUSTER_OPERATOR_KEY. It
opens nothing of an organization's data.

What happens
  One request, which is not tried again. A key is shown once: create and
  admin-key ask for --key-output or --show-key before anything is done. What is
  deleted is gone with everything of it, and there is no way back but a backup;
  without --apply nothing is deleted.

Exit status
  0   done (delete without --apply: told)
  2   the key or the request was refused, or delete expects another number of
      users; nothing was done
  3   the service could not be reached, or failed
  64  the command line, the key or the file for a key cannot be used
  70  a fault of the command itself

Examples
  muster organization create "Northern Campus" --key-output north.key
  muster organization list
  muster organization identity-provider 2 --audience muster \\
    --issuer https://login.north.example.edu
  muster organization delete 2 --expected-users 1234 --apply
`;
