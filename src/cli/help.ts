/** What `--help` shows; docs/command-line.md shows the same. */

export const connectionHelp = `Connection
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
