/** Reads the files and documents of the project. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../..", import.meta.url));

/** A document of the project. */
export interface Document {
  /** From the repository on, e.g. `docs/file-formats.md`. */
  readonly path: string;
  readonly text: string;
}

/** A fenced block. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** Line of its first fence, from 1. */
  readonly line: number;
  /** The line before it is `<!-- run -->`. */
  readonly isRun: boolean;
}

const notOurs = new Set(["node_modules", "dist", "data", "generated", ".git"]);

/**
 * The files below a folder, by path, without generated and installed ones.
 * @param folder from the repository on; empty for the repository
 * @returns paths from the repository on
 */
export function filesBelow(folder: string): string[] {
  const paths: string[] = [];
  const walk = (parent: string) => {
    for (const entry of readdirSync(parent, { withFileTypes: true })) {
      const path = join(parent, entry.name);
      if (entry.isDirectory() && !notOurs.has(entry.name)) walk(path);
      else if (entry.isFile()) paths.push(relative(repository, path));
    }
  };
  walk(join(repository, folder));
  return paths.sort();
}

/** Every `*.md` of the repository, by path. */
export function allDocuments(): Document[] {
  return filesBelow("")
    .filter((path) => path.endsWith(".md"))
    .map(readDocument);
}

/** @param path from the repository on */
export function readDocument(path: string): Document {
  return { path, text: readFileSync(join(repository, path), "utf8") };
}

/** The fenced blocks of a document, in their order. */
export function blocksOf({ path, text }: Document): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  let opened: number | undefined;
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith("```")) continue;
    if (opened === undefined) {
      opened = index;
      continue;
    }
    const language = lines[opened]!.slice(3).trim();
    const isRun = lines[opened - 1]?.trim() === "<!-- run -->";
    blocks.push({ language, text: lines.slice(opened + 1, index).join("\n"), line: opened + 1, isRun });
    opened = undefined;
  }
  if (opened !== undefined) throw new Error(`${path}: the block of line ${opened + 1} does not end`);
  return blocks;
}

/** The text without its fenced blocks and comments. */
export function proseOf({ text }: Document): string {
  return text.replaceAll(/^```.*?^```$/gms, "").replaceAll(/<!--.*?-->/gs, "");
}

/** The targets of the links and images of a document. */
export function linksOf(document: Document): string[] {
  return [...proseOf(document).matchAll(/\]\(([^()\s]+)\)/g)].map(([, target]) => target!);
}

/** The names that headings are linked by, as GitHub makes them. */
export function anchorsOf(document: Document): string[] {
  return [...proseOf(document).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(/\s/g, "-"),
  );
}

/** The rows of all tables: their cells, trimmed; headings and rules included. */
export function tableRows(document: Document): string[][] {
  return proseOf(document)
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .slice(1, line.lastIndexOf("|"))
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}
