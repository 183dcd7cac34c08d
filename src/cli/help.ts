/** Texts of `--help`; docs/command-line.md shows the same ones. */

export const connectionHelp = `Connection
  --url URL          address of the service; default: MUSTER_URL of the
                     environment
  --key-file PATH    file that contains the API key and that only its owner may
                     read (chmod 600); default: the key in MUSTER_KEY of the
                     environment. A key never goes on the command line.`;

export const generalHelp = `muster: sends files to a Muster service, keeps a copy of its data, and makes
links that sign people in. Operators manage organizations with it.

Usage
  muster push FILE [options]      import a file, and report the result
  muster pull --to PLACE [options]
                                  make a copy of the data, or update it
  muster link USERNAME            make a link that signs one person in, once
  muster organization …           create, list, rename and delete organizations
  muster help COMMAND             describe one command
  muster --version

Environment
  MUSTER_URL         address of the service, such as https://muster.example.edu
  MUSTER_KEY         API key; for organizations the operator's key
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY
                     proxy to the service, and hosts that need none; also in
                     lower case

Example
  export MUSTER_URL=https://muster.example.edu
  muster push roster.csv --key-file ~/.muster-key
`;
