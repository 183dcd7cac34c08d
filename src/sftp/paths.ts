import type { SftpAccount } from "./login.ts";

/** A place in the tree of an account. Every name of a folder is in any case. */
export type Place =
  | { readonly type: "root" }
  | { readonly type: "upload"; readonly folder: string | null }
  | { readonly type: "file"; readonly folder: string | null; readonly name: string }
  | { readonly type: "responses" }
  | { readonly type: "response"; readonly name: string }
  | { readonly type: "archive" }
  | { readonly type: "day"; readonly day: string }
  | { readonly type: "archived"; readonly day: string; readonly name: string };

/** The folders of `upload` that every account has, by their names in small letters. */
export const fixedFolders = { groups: "Groups", locations: "Locations", campuses: "Campuses" } as const;

/** The folders of `upload`: the names in small letters, and as they are shown. */
export const foldersOf = ({ folders }: SftpAccount): ReadonlyMap<string, string> =>
  new Map([...Object.entries(fixedFolders), ...folders.map(({ folder }) => [folder.toLowerCase(), folder] as const)]);

const longestName = 255;

/** True if a file may have the name: it is not too long, and has no control characters and no damaged ones. */
export const isGoodName = (name: string): boolean =>
  Buffer.byteLength(name) <= longestName && !/[\p{Cc}\p{Cs}\ufffd\\]/u.test(name);

/** The parts of a path below the root: `.` and `..` are resolved, and nothing is above the root. */
export function partsOf(path: string): string[] {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return parts;
}

/** Finds the place of a path; undefined if the tree has no such place. A file need not exist. */
export function placeOf(account: SftpAccount, path: string): Place | undefined {
  const [top, second, third, ...rest] = partsOf(path);
  if (top === undefined) return { type: "root" };
  if (rest.length > 0) return undefined;
  const name = top.toLowerCase();
  if (name === "upload") return uploadPlace(account, second, third);
  if (name === "responses" && third === undefined)
    return second === undefined ? { type: "responses" } : { type: "response", name: second };
  if (name !== "archive") return undefined;
  if (second === undefined) return { type: "archive" };
  const day = second.toLowerCase();
  return third === undefined ? { type: "day", day } : { type: "archived", day, name: third };
}

function uploadPlace(account: SftpAccount, second?: string, third?: string): Place | undefined {
  if (second === undefined) return { type: "upload", folder: null };
  const folder = second.toLowerCase();
  const isFolder = foldersOf(account).has(folder);
  if (third !== undefined) return isFolder ? { type: "file", folder, name: third } : undefined;
  return isFolder ? { type: "upload", folder } : { type: "file", folder: null, name: second };
}

/** The canonical path of a place's parts, for REALPATH. */
export const canonicalPath = (path: string): string => `/${partsOf(path).join("/")}`;

/** True for the name of a file that its sender renames when it is complete. */
export const isTemporary = (name: string): boolean => /^\.|\.(?:part|filepart|tmp)$/i.test(name);
