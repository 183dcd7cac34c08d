/** Finds the quick test files, which need no database: `npm run test:quick` runs them. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

/** Modules that reach a PostgreSQL server; a test file that imports one of them, directly or not, is not quick. */
const databaseModules = /\/test\/support\/server\.ts$|\/src\/embedded-postgresql\//;

/** Builds the whole package, which takes long. */
const slow = /\/cli\/package\.test\.ts$/;

/**
 * Follows the imports of the test files below a folder.
 *
 * @param folder an absolute path
 * @returns absolute paths, sorted
 */
export function testsWithoutDatabase(folder: string): string[] {
  const imports = new Map<string, readonly string[]>();
  const importsOf = (path: string): readonly string[] => {
    const known = imports.get(path);
    if (known !== undefined) return known;
    const text = readFileSync(path, "utf8");
    const specifiers = [...text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+\.ts)"/g)];
    const found = specifiers.map(([, specifier]) => resolve(path, "..", specifier!)).filter((one) => existsSync(one));
    imports.set(path, found);
    return found;
  };
  const needsDatabase = (start: string): boolean => {
    const reached = new Set([start]);
    // A set yields what is added to it during the loop, too.
    for (const path of reached) {
      if (databaseModules.test(path)) return true;
      for (const imported of importsOf(path)) reached.add(imported);
    }
    return false;
  };
  return globSync("**/*.test.ts", { cwd: folder })
    .map((path) => resolve(folder, path))
    .filter((path) => !slow.test(path) && !needsDatabase(path))
    .sort();
}
