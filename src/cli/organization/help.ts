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
