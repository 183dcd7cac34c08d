import { createReadStream } from "node:fs";
import type { ImportKind, ImportRequest } from "../reconcile/receive/request.ts";
import { storeImport } from "../reconcile/run/store-import.ts";
import type { SftpDependencies } from "./dependencies.ts";
import { type Draft, type Drafts, isWhole } from "./drafts.ts";
import { sourceOf, withdrawImport } from "./library.ts";
import type { SftpAccount } from "./login.ts";
import { SftpError } from "./status.ts";
import { draftKey, findNode, type TreeParts } from "./tree.ts";

/** The place of a file in `upload`. */
export interface UploadPlace {
  readonly folder: string | null;
  readonly name: string;
}

/**
 * Takes a complete file: when this resolves, it is in the database, and some process imports it. A file of the same name
 * that waits, and that no process works on yet, is replaced.
 * @throws SftpError, MusterError when the file is not taken; the draft stays then
 */
export async function takeFile(
  dependencies: SftpDependencies,
  drafts: Drafts,
  tree: TreeParts,
  key: string,
  place: UploadPlace,
): Promise<void> {
  const { account } = tree;
  const draft = drafts.get(key);
  if (draft === undefined) throw new SftpError("NO_SUCH_FILE", "No such file");
  if (draft.size === 0) throw new SftpError("FAILURE", "The file is empty. It was not taken: check the export.");
  if (!isWhole(draft))
    throw new SftpError("FAILURE", "Parts of the file are missing. It was not taken: send it again.");
  const { waiting } = (await findNode({ ...tree, drafts: withoutDrafts(drafts) }, { type: "file", ...place })) ?? {};
  await storeImport(dependencies, await requestOf(dependencies, account, draft, place));
  if (waiting !== undefined) await withdrawImport(dependencies.database, account, waiting.id, dependencies.clock());
  await drafts.remove(key);
  dependencies.waitingImports.wake();
}

const withoutDrafts = (drafts: Drafts): Drafts => ({ ...drafts, get: () => undefined, list: () => [] });

async function requestOf(
  { database, maximumBytes }: SftpDependencies,
  account: SftpAccount,
  { path, size }: Draft,
  { folder, name }: UploadPlace,
): Promise<ImportRequest> {
  const { organizationId, id: callerId } = account;
  const settings = account.folders.find((one) => one.folder.toLowerCase() === folder);
  const kind = kindOf(folder);
  const style = settings?.style ?? account.style;
  return {
    caller: { organizationId, actor: `sftp-account:${account.name}`, callerId, channel: "sftp" },
    file: {
      fileName: name,
      folder,
      body: createReadStream(path, { highWaterMark: 256 * 1024 }),
      announcedBytes: size,
      maximumBytes,
    },
    options: {
      kind,
      source: settings?.source ?? (await sourceOf(database, account)),
      dryRun: false,
      ...(kind === "users" && style !== null ? { style } : {}),
    },
  };
}

function kindOf(folder: string | null): ImportKind {
  if (folder === "groups") return "groups";
  return folder === "locations" || folder === "campuses" ? "locations" : "users";
}

/** The draft's key of a place. */
export const keyOf = (account: SftpAccount, { folder, name }: UploadPlace): string => draftKey(account, folder, name);
