const longestName = 255;

/**
 * The file's name in a Content-Disposition header (RFC 6266), without folders and control characters; null without one.
 */
export function fileNameOf(header: string | undefined): string | null {
  if (header === undefined) return null;
  const name = extendedName(header) ?? plainName(header);
  return name === undefined ? null : safeFileName(name);
}

/** A file's name without folders and control characters; null when nothing is left of it. */
export function safeFileName(name: string): string | null {
  const last = (name.split(/[/\\]/).at(-1) ?? "").replaceAll(/\p{Cc}/gu, "").trim();
  return last === "" ? null : last.slice(0, longestName).toWellFormed();
}

/** `filename*=UTF-8''%e2%82%ac%20rates.xml` (RFC 8187) */
function extendedName(header: string): string | undefined {
  const value = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(header)?.[1];
  try {
    return value === undefined ? undefined : decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

function plainName(header: string): string | undefined {
  const [, quoted, bare] = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))/i.exec(header) ?? [];
  return quoted?.replaceAll(/\\(.)/g, "$1") ?? bare;
}
