import { createWriteStream } from "node:fs";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import ssh2 from "ssh2";
import { bytesText } from "../reconcile/receive/spool.ts";
import type { SftpDependencies } from "./dependencies.ts";
import { type Draft, truncateDraft, writePart } from "./drafts.ts";
import { withdrawImport } from "./library.ts";
import { isGoodName, isTemporary, type Place, placeOf } from "./paths.ts";
import { denied, noSuchFile, SftpError } from "./status.ts";
import { keyOf, takeFile, type UploadPlace } from "./take.ts";
import { findNode, listFolder, type Node, type TreeParts } from "./tree.ts";

const { OPEN_MODE } = ssh2.utils.sftp;

/** Something that a client has open. */
export type Handle =
  | { readonly type: "folder"; readonly nodes: Node[] }
  | { readonly type: "reading"; readonly file: FileHandle; readonly path: string; readonly node: Node }
  | {
      readonly type: "writing";
      readonly key: string;
      readonly draft: Draft;
      readonly place: UploadPlace;
      readonly appends: boolean;
    };

/** Names in one answer to READDIR. */
const namesAtOnce = 100;
/** Bytes in one answer to READ. */
const mostRead = 256 * 1024;
/** Files that a session has sent, whose attributes clients ask for afterwards. */
const mostSent = 1_000;

/** Finds places, and keeps the files that the session has sent. */
function createFinder(dependencies: SftpDependencies, tree: TreeParts) {
  const { account, drafts } = tree;
  /** The files that were taken in this session: clients check them although they have left `upload` by then. */
  const sent = new Map<string, Node>();
  const place = (path: string): Place => {
    const found = placeOf(account, path);
    if (found === undefined) throw noSuchFile();
    return found;
  };
  return {
    place,
    uploadPlace(path: string): UploadPlace {
      const found = placeOf(account, path);
      if (found?.type !== "file") throw denied("Files are uploaded to upload, or to a folder in it");
      if (!isGoodName(found.name)) {
        throw denied("The name is too long, or has characters that a file's name cannot have");
      }
      return found;
    },
    async find(path: string): Promise<Node> {
      const found = place(path);
      const node = await findNode(tree, found);
      if (node !== undefined) return node;
      const taken = found.type === "file" ? sent.get(keyOf(account, found)) : undefined;
      if (taken === undefined) throw noSuchFile();
      return taken;
    },
    async take(key: string, target: UploadPlace): Promise<void> {
      const size = drafts.get(key)?.size ?? 0;
      await takeFile(dependencies, drafts, tree, key, target);
      if (sent.size >= mostSent) sent.clear();
      sent.set(keyOf(account, target), { name: target.name, isFolder: false, size, changedAt: tree.now() });
    },
  };
}
type Finder = ReturnType<typeof createFinder>;

/** The operations of one session on the tree of its account. They throw SftpError. */
export function createOperations(dependencies: SftpDependencies, tree: TreeParts) {
  const finder = createFinder(dependencies, tree);
  return Object.assign(fileOperations(dependencies, tree, finder), nameOperations(dependencies, tree, finder));
}

function fileOperations(dependencies: SftpDependencies, tree: TreeParts, { place, uploadPlace, find, take }: Finder) {
  const { drafts } = tree;
  return {
    async list(path: string): Promise<Handle> {
      const found = place(path);
      const node = await find(path);
      if (!node.isFolder) throw new SftpError("FAILURE", "Not a folder");
      const self = { ...node, name: "." };
      return { type: "folder", nodes: [self, { ...self, name: ".." }, ...(await listFolder(tree, found))] };
    },
    open: async (path: string, flags: number): Promise<Handle> =>
      (flags & (OPEN_MODE.WRITE | OPEN_MODE.APPEND | OPEN_MODE.CREAT)) === 0
        ? openForReading(dependencies, await find(path))
        : openForWriting(tree, uploadPlace(path), flags),
    async close(handle: Handle): Promise<void> {
      if (handle.type === "folder") return;
      if (handle.type === "reading") {
        await handle.file.close();
        await rm(handle.path, { force: true });
        return;
      }
      handle.draft.writers -= 1;
      if (handle.draft.writers > 0 || isTemporary(handle.place.name)) return;
      if (drafts.get(handle.key) === handle.draft) await take(handle.key, handle.place);
    },
    async write(handle: Handle, offset: number, data: Buffer): Promise<void> {
      if (handle.type !== "writing") throw new SftpError("FAILURE", "The file is not open for writing");
      const at = handle.appends ? handle.draft.size : offset;
      if (at + data.length > dependencies.maximumBytes) {
        throw new SftpError("FAILURE", `The file is larger than ${bytesText(dependencies.maximumBytes)}`);
      }
      await writePart(handle.draft, at, data, dependencies.clock().getTime());
    },
    resizeDraft: async (draft: Draft, size: number | undefined) => {
      if (size !== undefined) await truncateDraft(draft, size);
    },
  };
}

function nameOperations(dependencies: SftpDependencies, tree: TreeParts, { place, uploadPlace, find, take }: Finder) {
  const { account, drafts } = tree;
  return {
    find,
    async exists(path: string): Promise<boolean> {
      const found = placeOf(account, path);
      return found !== undefined && (await findNode(tree, found)) !== undefined;
    },
    async rename(from: string, to: string): Promise<void> {
      const [source, target] = [uploadPlace(from), uploadPlace(to)];
      const key = keyOf(account, source);
      const draft = drafts.get(key);
      if (draft === undefined) {
        await find(from);
        throw denied("The file has been taken. It cannot be renamed any more");
      }
      if (draft.writers > 0) throw denied("The file is still open");
      if (isTemporary(target.name)) await drafts.move(key, keyOf(account, target));
      else await take(key, target);
    },
    async remove(path: string): Promise<void> {
      const target = uploadPlace(path);
      const key = keyOf(account, target);
      const node = await findNode(tree, { type: "file", ...target });
      if (node === undefined) throw noSuchFile();
      if (drafts.get(key) !== undefined) return drafts.remove(key);
      const isWithdrawn =
        node.waiting !== undefined &&
        (await withdrawImport(dependencies.database, account, node.waiting.id, dependencies.clock()));
      if (!isWithdrawn) throw denied("The file is being processed. It cannot be deleted any more");
    },
    async resize(path: string, size: number | undefined): Promise<void> {
      await find(path);
      const found = place(path);
      const draft = found.type === "file" ? drafts.get(keyOf(account, found)) : undefined;
      if (size !== undefined && draft !== undefined) await truncateDraft(draft, size);
    },
  };
}

export type Operations = ReturnType<typeof createOperations>;

async function openForWriting(tree: TreeParts, place: UploadPlace, flags: number): Promise<Handle> {
  const { account, drafts } = tree;
  const key = keyOf(account, place);
  let draft = drafts.get(key);
  if (draft !== undefined && (flags & OPEN_MODE.EXCL) !== 0) throw new SftpError("FAILURE", "The file exists");
  if (draft !== undefined && draft.writers > 0) throw denied("The file is being uploaded by another session");
  if (draft === undefined || (flags & OPEN_MODE.TRUNC) !== 0) {
    if (draft === undefined && (flags & OPEN_MODE.CREAT) === 0) throw noSuchFile();
    draft = await drafts.create(key);
  }
  draft.writers += 1;
  return { type: "writing", key, draft, place, appends: (flags & OPEN_MODE.APPEND) !== 0 };
}

/** Copies a file to the spool, so that its parts can be read in any order. */
async function openForReading({ spoolDirectory, newId }: SftpDependencies, node: Node): Promise<Handle> {
  if (node.open === undefined) throw denied("Files in upload cannot be read back");
  const directory = join(spoolDirectory, "sftp");
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, newId());
  try {
    await pipeline(node.open(), createWriteStream(path, { mode: 0o600, flags: "wx" }));
    return { type: "reading", file: await open(path), path, node };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Reads a part of a file; empty at its end. */
export async function readPart(handle: Handle, offset: number, length: number): Promise<Buffer> {
  if (handle.type !== "reading") throw new SftpError("FAILURE", "The file is not open for reading");
  const buffer = Buffer.allocUnsafe(Math.min(length, mostRead));
  const { bytesRead } = await handle.file.read(buffer, 0, buffer.length, offset);
  return buffer.subarray(0, bytesRead);
}

/** The next names of a folder; empty at its end. */
export function nextNames(handle: Handle): Node[] {
  if (handle.type !== "folder") throw new SftpError("FAILURE", "Not a folder");
  return handle.nodes.splice(0, namesAtOnce);
}
