import { connectionHelp } from "../help.ts";

export const pullHelp = `muster pull: makes a copy of users, groups, memberships and locations, or
updates it.

Usage
  muster pull --to DIRECTORY [options]       as CSV: users.csv, groups.csv,
                                             memberships.csv, locations.csv
  muster pull --to FILE.sqlite [options]     as an SQLite database with the
                                             tables of these names

Options
  --to PLACE         place of the copy
  --format FORMAT    csv or sqlite; default: sqlite if the name ends in .sqlite,
                     .sqlite3 or .db, otherwise csv. SQLite needs Node.js 22.13
                     or later.
  --mode MODE        permissions of the files of the copy: 600 (default), 640
                     for a group that reads them, or 644
  --follow           keep running, and update the copy as soon as something
                     changes, until SIGINT (Ctrl-C) or SIGTERM
  --retries N        number of retries of a request, from 0 to 100; default: 7,
                     with --follow unlimited
  -h, --help         print this text

${connectionHelp}

The key needs the service retrieve.

Behavior
  The first pull reads all lists, and the changes made meanwhile. Later pulls
  read only changes. The data and the position in the change log are stored in
  one step: if the process is killed, the copy is as it was before the step or
  after it, and the next pull continues there. When the change log no longer
  contains the position, the command says so and reads everything again. It
  replaces CSV files whole, one after the other within a moment. One process at
  a time changes a copy. Missing directories are made with mode 700.

Exit status
  0   the copy is up to date (--follow: a signal ended the command)
  2   the key was refused
  3   the service could not be reached, or failed
  5   the copy cannot be written, or belongs to another service
  64  the command line or the key cannot be used
  70  a bug of muster
  130, 143  SIGINT or SIGTERM ended the command before the copy was up to date

Examples
  muster pull --to directory
  muster pull --to directory.sqlite --follow
  sqlite3 directory.sqlite "select email from users where location = 'Main'"
`;
