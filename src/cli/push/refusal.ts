import type { Problem } from "../service/answers.ts";
import { printable, wrap } from "../text.ts";
import type { Page } from "./report.ts";

/** A file that the service did not take. */
export interface Refusal {
  readonly problem: Problem;
  /** The service failed; the file may be good. */
  readonly isFault: boolean;
  /** Size of the file. */
  readonly bytes: number;
}

/** A refusal for people, in lines. */
export function refusalLines({ problem, isFault, bytes }: Refusal, { name, width }: Page): string[] {
  const { code, importId } = problem;
  const lines = [`${name}: ${isFault ? "failed" : "refused"} (${code}).`, ...wrap(explain(problem, bytes), width)];
  if (importId !== undefined) lines.push("", `Import ${importId}`);
  return lines.map(printable);
}

/** The service speaks to programs that send requests; two of its messages need other words here. */
function explain({ code, detail }: Problem, bytes: number): string {
  if (bytes === 0 && code === "body_missing") {
    return "The file is empty, so nothing was changed. Look into the export that wrote it, then push again.";
  }
  if (code === "not_found") {
    return "The service has no address for imports below MUSTER_URL (or --url). Check its path.";
  }
  return detail;
}
