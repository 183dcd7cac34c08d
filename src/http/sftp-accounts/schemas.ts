import { z } from "zod";
import { mostAddresses } from "../../organizations/api-keys.ts";
import { folderSchema } from "../../organizations/read-sftp-accounts.ts";
import { styles } from "../../organizations/settings.ts";
import { mostFolders, mostPublicKeys } from "../../organizations/sftp-accounts.ts";

const members = {
  source: z.string().min(1).max(100).nullable().describe("Source of its files; null: `default`."),
  style: z.enum(styles).nullable().describe("Style of its files of people; null: the style of the source."),
  publicKeys: z
    .array(z.string().min(1).max(10_000))
    .max(mostPublicKeys)
    .describe("Public keys in the format of OpenSSH: the line of the file that ends in `.pub`."),
  password: z
    .string()
    .min(12)
    .max(200)
    .nullable()
    .describe(
      "Opens the account beside its keys; stored as a hash (argon2id). null: no password does. Keys are safer.",
    ),
  allowedAddresses: z
    .array(z.string().max(100))
    .max(mostAddresses)
    .describe("IP addresses and networks (CIDR) from which it may be used; empty: from everywhere."),
  legacyAlgorithms: z
    .boolean()
    .describe("Lets old programs log in, with algorithms that are not secure any more. The default is false."),
  folders: z
    .array(folderSchema)
    .max(mostFolders)
    .describe("Folders in `upload` whose files have a source or a style of their own."),
  expiresAt: z.iso.datetime({ offset: true }).nullable().describe("When it stops working; null: never."),
};

/** Body of POST /sftp-accounts. */
export const newAccountSchema = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9._-]{1,62}$/,
        "takes 2 to 63 small letters, digits and . _ - and begins with a letter or digit",
      )
      .describe("The user name of the login. No two accounts of the service have the same."),
    source: members.source.default(null),
    style: members.style.default(null),
    publicKeys: members.publicKeys.default([]),
    password: members.password.default(null),
    allowedAddresses: members.allowedAddresses.default([]),
    legacyAlgorithms: members.legacyAlgorithms.default(false),
    folders: members.folders.default([]),
    expiresAt: members.expiresAt.default(null),
  })
  .meta({
    id: "NewSftpAccount",
    examples: [
      {
        name: "university-hr",
        source: "employees",
        publicKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl hr@jobs"],
      },
    ],
  });

/** Body of PATCH /sftp-accounts/{id}. */
export const accountPatchSchema = z
  .strictObject({
    source: members.source.optional(),
    style: members.style.optional(),
    publicKeys: members.publicKeys.optional(),
    password: members.password.optional(),
    allowedAddresses: members.allowedAddresses.optional(),
    legacyAlgorithms: members.legacyAlgorithms.optional(),
    folders: members.folders.optional(),
    expiresAt: members.expiresAt.optional(),
  })
  .meta({ id: "SftpAccountPatch", examples: [{ allowedAddresses: ["192.0.2.17"] }] });

/** The id in the address of an account. */
export const accountParams = z.strictObject({ id: z.uuid().describe("Id of the account.") });
