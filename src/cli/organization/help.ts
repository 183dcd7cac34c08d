export const organizationHelp = `muster organization: manages the organizations of a service, for its operator.

Usage
  muster organization list                 list all organizations
  muster organization show ID              show one
  muster organization create NAME          create one, and its first admin key
  muster organization rename ID NAME       give it another name
  muster organization identity-provider ID
                                           set whose tokens sign people in
  muster organization admin-key ID         issue another admin key, for a campus
                                           that lost its own
  muster organization delete ID            show what would be deleted

Options
  --key-output FILE    create, admin-key: write the key into a new file that
                       only its owner may read (mode 600)
  --show-key           create, admin-key: print the key to standard output
  --revoke-others      admin-key: revoke all other keys with the service admin;
                       the keys of jobs keep working
  --issuer URL         identity-provider: address of the OpenID provider, as
                       its tokens contain it in "iss"
  --audience NAME      identity-provider: what the tokens contain in "aud"; goes
                       with --issuer
  --none               identity-provider: no tokens sign people in
  --expected-users N   delete: number of users that it has
  --apply              delete: delete it, if --expected-users is right
  --json               print one line of JSON, for scripts
  -h, --help           print this text

Connection
  --url URL            address of the service; default: MUSTER_URL of the
                       environment
  --key-file PATH      file that contains the operator's key and that only its
                       owner may read (chmod 600); default: the key in
                       MUSTER_KEY of the environment. A key never goes on the
                       command line.

The key is MUSTER_OPERATOR_KEY of the service. It does not give access to the
data of an organization.

Behavior
  The command sends each request once. The service shows a key once: create and
  admin-key need --key-output or --show-key before they do anything. Deleting an
  organization deletes all of its data; only a backup brings it back. Without
  --apply nothing is deleted.

Exit status
  0   done (delete without --apply: shown)
  2   the key or the request was refused, or delete expects another number of
      users; nothing was done
  3   the service could not be reached, or failed
  64  the command line, the key or the file for a key cannot be used
  70  a bug of muster

Examples
  muster organization create "Northern Campus" --key-output north.key
  muster organization list
  muster organization identity-provider 2 --audience muster \\
    --issuer https://login.north.example.edu
  muster organization delete 2 --expected-users 1234 --apply
`;
