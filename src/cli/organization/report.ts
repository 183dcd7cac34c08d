import { type Column, table } from "../table.ts";
import { count, countOf, printable } from "../text.ts";
import type { IdentityProviderDocument, OrganizationDocument } from "./documents.ts";

const columns: readonly Column[] = [
  { title: "ID", align: "right" },
  { title: "USERS", align: "right" },
  { title: "GROUPS", align: "right" },
  { title: "CREATED", align: "left" },
  { title: "LAST IMPORT", align: "left" },
  { title: "NAME", align: "left" },
];

/** A table of organizations. */
export function listLines(organizations: readonly OrganizationDocument[], width: number): string[] {
  if (organizations.length === 0) return ["There are no organizations."];
  const rows = organizations.map(({ id, users, groups, createdAt, lastImport, name }) => [
    id,
    count(users),
    count(groups),
    day(createdAt),
    lastImport === null ? "none" : `${day(lastImport.at)} ${lastImport.status}`,
    printable(name),
  ]);
  return table(columns, rows, width);
}

/** One organization, a line for each property. */
export function showLines(organization: OrganizationDocument): string[] {
  const { id, name, users, groups, identityProvider, lastImport, createdAt } = organization;
  const last = lastImport === null ? "none" : `${minute(lastImport.at)}, ${lastImport.kind}, ${lastImport.status}`;
  return [
    `Organization ${id}: ${printable(name)}`,
    "",
    `  users              ${count(users)}`,
    `  groups             ${count(groups)}`,
    `  identity provider  ${describeProvider(identityProvider)}`,
    `  last import        ${last}`,
    `  created            ${minute(createdAt)}`,
  ];
}

/** The provider in one line. */
export function describeProvider(provider: IdentityProviderDocument | null): string {
  return provider === null ? "none" : `${printable(provider.issuer)}, audience ${printable(provider.audience)}`;
}

/** Names the data that a deletion would delete, and the command for it. */
export function deletionLines({ id, name, users, groups }: OrganizationDocument): string[] {
  return [
    `Organization ${id} (${printable(name)}) would be deleted with ${countOf(users, "user")}, ${countOf(groups, "group")},`,
    "its locations, opt-outs, sources, settings, imports and their files, its change log,",
    "and all of its keys. Only a backup brings them back.",
    "",
    "Nothing was deleted. To delete it:",
    `  muster organization delete ${id} --expected-users ${users} --apply`,
  ];
}

const day = (time: string) => time.slice(0, 10);
const minute = (time: string) => `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
