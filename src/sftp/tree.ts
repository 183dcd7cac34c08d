import { openBody } from "../reconcile/receive/bodies.ts";
import type { Database } from "../store/database.ts";
import type { Drafts } from "./drafts.ts";
import { type AccountImport, listAccountImports } from "./library.ts";
import type { SftpAccount } from "./login.ts";
import { foldersOf, isTemporary, type Place } from "./paths.ts";

/** A folder or a file as clients see it. */
export interface Node {
  readonly name: string;
  readonly isFolder: boolean;
  readonly size: number;
  readonly changedAt: Date;
  /** The bytes of a file that can be read. */
  readonly open?: () => AsyncIterable<Uint8Array>;
  /** The import that waits, of a file in `upload`. */
  readonly waiting?: AccountImport;
}

/** The parts that the tree is made of. */
export interface TreeParts {
  readonly database: Database;
  readonly drafts: Drafts;
  readonly account: SftpAccount;
  readonly now: () => Date;
  /** The response file of an import, as bytes. */
  readonly respond: (account: SftpAccount, importId: string) => AsyncIterable<Uint8Array>;
  /** Notes response files that are not noted yet. */
  readonly refresh: () => Promise<void>;
}

const folder = (name: string, changedAt: Date): Node => ({ name, isFolder: true, size: 4096, changedAt });

/** The key of a draft. */
export const draftKey = ({ organizationId, id }: SftpAccount, folderName: string | null, name: string): string =>
  `${organizationId}/${id}/${folderName ?? ""}/${name}`;

/** The day of an import in the archive, in UTC. */
const dayOf = ({ createdAt }: AccountImport): string => createdAt.toISOString().slice(0, 10);

/** The names of the files in a folder, or of the folder's folders. */
export async function listFolder(parts: TreeParts, place: Place): Promise<Node[]> {
  const { database, account, now } = parts;
  const at = now();
  if (place.type === "root") return ["upload", "responses", "archive"].map((name) => folder(name, at));
  if (place.type === "responses") await parts.refresh();
  const imports = await listAccountImports(database, account);
  if (place.type === "upload") return listUpload(parts, place.folder, imports);
  if (place.type === "responses") return listResponses(parts, imports);
  if (place.type === "archive") {
    const days = new Set(imports.filter(isArchived).map(dayOf));
    return [...days, "rejected"].map((name) => folder(name, at));
  }
  if (place.type !== "day") return [];
  return place.day === "rejected"
    ? imports.filter(({ status }) => status === "failed").flatMap((one) => rejected(parts, one))
    : imports.filter((one) => isArchived(one) && dayOf(one) === place.day).map((one) => original(parts, one));
}

const isArchived = ({ status }: AccountImport) => !["planning", "failed"].includes(status);

function listUpload({ account, drafts, now }: TreeParts, inFolder: string | null, imports: AccountImport[]): Node[] {
  const files = new Map<string, Node>();
  const waiting = imports.filter(({ status, folder: of }) => status === "planning" && of === inFolder);
  for (const one of waiting.reverse()) {
    const name = one.fileName ?? one.id;
    files.set(name, { name, isFolder: false, size: one.bytes ?? 0, changedAt: one.createdAt, waiting: one });
  }
  const prefix = draftKey(account, inFolder, "");
  for (const [key, { size, changedAt }] of drafts.list(prefix)) {
    const name = key.slice(prefix.length);
    files.set(name, { name, isFolder: false, size, changedAt: new Date(changedAt) });
  }
  const folders = inFolder === null ? [...foldersOf(account).values()].map((name) => folder(name, now())) : [];
  return [...folders, ...files.values()];
}

function listResponses({ account, respond }: TreeParts, imports: AccountImport[]): Node[] {
  const names = new Map<string, number>();
  const done = imports.filter(({ responseBytes, responseName }) => responseBytes !== null && responseName !== null);
  return done.reverse().map(({ id, responseName, responseBytes, createdAt, finishedAt }) => {
    // Two imports can end within one second.
    const count = (names.get(responseName ?? "") ?? 0) + 1;
    names.set(responseName ?? "", count);
    const name = count === 1 ? (responseName ?? id) : (responseName ?? id).replace(/\.csv$/, `_${count}.csv`);
    const open = () => respond(account, id);
    return { name, isFolder: false, size: responseBytes ?? 0, changedAt: finishedAt ?? createdAt, open };
  });
}

function original({ database, account }: TreeParts, one: AccountImport): Node {
  const { id, fileName, bytes, createdAt, isPacked } = one;
  const body = { organizationId: account.organizationId, importId: id, isPacked };
  const open = () => openBody(database, body);
  return { name: `${id}-${fileName ?? "file"}`, isFolder: false, size: bytes ?? 0, changedAt: createdAt, open };
}

/** A refused file, and the reason beside it. */
function rejected(parts: TreeParts, one: AccountImport): Node[] {
  const file = original(parts, one);
  const { code = "internal", detail = "", line } = one.problem ?? {};
  const place = line === undefined ? "" : `Line ${line}\r\n`;
  const text = Buffer.from(`${one.fileName ?? one.id} was refused: ${code}\r\n${place}${detail}\r\n`);
  const open = async function* () {
    yield text;
  };
  return [
    file,
    {
      name: `${file.name}.reason.txt`,
      isFolder: false,
      size: text.length,
      changedAt: one.finishedAt ?? one.createdAt,
      open,
    },
  ];
}

/** Finds one folder or file; undefined if it does not exist. */
export async function findNode(parts: TreeParts, place: Place): Promise<Node | undefined> {
  const at = parts.now();
  switch (place.type) {
    case "root":
    case "responses":
    case "archive":
      return folder(place.type, at);
    case "upload":
      return folder("upload", at);
    case "day": {
      const days = await listFolder(parts, { type: "archive" });
      return days.find(({ name }) => name === place.day);
    }
    case "file": {
      const draft = parts.drafts.get(draftKey(parts.account, place.folder, place.name));
      if (draft !== undefined || isTemporary(place.name)) {
        return draft && { name: place.name, isFolder: false, size: draft.size, changedAt: new Date(draft.changedAt) };
      }
      return findIn(parts, { type: "upload", folder: place.folder }, place.name);
    }
    case "response":
      return findIn(parts, { type: "responses" }, place.name);
    case "archived":
      return findIn(parts, { type: "day", day: place.day }, place.name);
  }
}

async function findIn(parts: TreeParts, place: Place, name: string): Promise<Node | undefined> {
  const nodes = (await listFolder(parts, place)).filter(({ isFolder }) => !isFolder);
  return (
    nodes.find((node) => node.name === name) ?? nodes.find((node) => node.name.toLowerCase() === name.toLowerCase())
  );
}
