/** Collects the logs of a test run's services, and searches them afterwards for data that no log may contain. */
import { appendFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The environment variable that names the folder of a run's logs; unset when a file is run by itself. */
export const logFolderVariable = "MUSTER_TEST_LOGS";

/** Keeps what a service logged, in a file a process. */
export function collectLog(text: string): void {
  const folder = process.env[logFolderVariable];
  // A run that was interrupted has taken its folder away.
  if (folder !== undefined && existsSync(folder)) appendFileSync(join(folder, `${process.pid}.log`), text);
}

/** Names that rosters of tests and samples hold, and that are no words of the log. */
const names = [
  "Amara",
  "Fatima",
  "Hannah",
  "Jürgen",
  "Priya",
  "Santiago",
  "Sukarno",
  "Zoë",
  "Goldberg",
  "Lindqvist",
  "Müller",
  "Al-Sayed",
  "Núñez",
  "O'Connor",
  "Okafor",
  "Raman",
  "Whitfield",
  "van den Berg",
  "Kim Park",
  "Lee Roy",
  "Mei Chen",
];
const letter = "[\\p{L}\\p{N}_]";

/** Patterns of the data that no line of a log may contain. */
const forbidden: Readonly<Record<string, RegExp>> = {
  "an e-mail address": /[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+\.\p{L}{2,}/u,
  "a phone number": /\+[1-9]\d{7,14}(?!\d)|\(\d{3}\) ?\d{3}-\d{4}|(?<![\w-])\d{3}[-.]\d{3}[-.]\d{4}(?![\w-])/,
  "a name": new RegExp(`(?<!${letter})(?:${names.join("|")}|(?:First|Last)\\d+)(?!${letter})`, "u"),
  "an API key": /muster_(?:test_[0-9a-f]{8}|[A-Za-z0-9_-]{43})|api_key=/,
  "a session": /muster_session=/,
  "a token": /eyJ[A-Za-z0-9_-]{8}/,
  credentials: /authorization|\b(?:bearer|basic) +[A-Za-z0-9._~+/=-]{8}/i,
  "a private key": /-----BEGIN/,
};

/** Returns the name of the forbidden data in a line of a log; undefined for a clean line. */
export function findForbidden(line: string): string | undefined {
  return Object.entries(forbidden).find(([, pattern]) => pattern.test(line))?.[0];
}

/** Searches the logs of a run. */
export function searchLogs(folder: string): { readonly lines: number; readonly findings: readonly string[] } {
  let lines = 0;
  const findings: string[] = [];
  for (const file of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, file), "utf8").split("\n")) {
      if (line === "") continue;
      lines += 1;
      const what = findForbidden(line);
      if (what !== undefined) findings.push(`${what}: ${line.slice(0, 2000)}`);
    }
  }
  return { lines, findings };
}
