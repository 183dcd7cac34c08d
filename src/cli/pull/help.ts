import { connectionHelp } from "../help.ts";

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
