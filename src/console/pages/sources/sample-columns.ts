/** Enough for the header of a file, in bytes. */
const headLength = 64 * 1024;

/**
 * Finds the names of a sample's columns, elements or members, as choices of a field. It is a help for the person: the
 * service itself decides how the file is read.
 */
export async function readColumns(file: File): Promise<readonly string[]> {
  const text = new TextDecoder().decode(await file.slice(0, headLength).arrayBuffer()).trimStart();
  if (text.startsWith("<")) return unique(text.matchAll(/<(?:\w+:)?([A-Za-z_][\w.-]*)[^>]*>[^<]*<\//g));
  if (text.startsWith("{") || text.startsWith("[")) return unique(text.matchAll(/"([^"\\]{1,100})"\s*:/g));
  const header = text.split(/\r\n|\n|\r/, 1)[0] ?? "";
  const delimiter = [",", ";", "\t", "|"].reduce((best, one) =>
    header.split(one).length > header.split(best).length ? one : best,
  );
  return unique(header.split(delimiter).map((name) => ["", name.trim().replaceAll('"', "")]));
}

function unique(matches: Iterable<readonly (string | undefined)[]>): readonly string[] {
  const names = [...matches].map(([, name]) => name ?? "");
  return [...new Set(names)].filter((name) => name !== "");
}
