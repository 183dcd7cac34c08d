import type { FeedRequest } from "./feed.ts";
import type { ChangeRow } from "./feed-statement.ts";

/** Writes the JSON of changes, one after the other. */
export interface ChangesText {
  add(row: ChangeRow): void;
  /** All of them, with the separator between two, in pieces that follow each other; no piece is empty. */
  end(): string[];
}

/**
 * Rows of a piece. A sum of strings keeps its parts until somebody reads it: for a whole page they would be tens of thousands,
 * which grow old before they are let go. And the text of a whole page is so long that the runtime asks the system for its
 * memory each time.
 */
const rowsAtOnce = 64;

/**
 * Begins a text of changes. It is written here and not by PostgreSQL, which takes longer for it (decision 015); what is JSON
 * in the log already is passed on as it is.
 * @param separator what stands between two of them: on lines of their own, changes have no line break within
 */
export function createChangesText(separator: FeedRequest["separator"]): ChangesText {
  const timeText = createTimeText();
  const originText = createOriginText();
  const pieces: string[] = [];
  let rows: string[] = [];
  const inLine = (json: string) => (separator === "\n" && json.includes("\n") ? json.replaceAll("\n", " ") : json);
  const flush = () => {
    if (rows.length > 0) pieces.push(rows.join(separator));
    // The next piece begins with the separator.
    rows = [""];
  };
  return {
    add([sequence, at, type, action, id, databaseId, username, source, importId, actor, changedAndMemberships]) {
      rows.push(
        `{"sequence":${sequence},"at":"${timeText(at)}","type":"${type}","action":"${action}","id":${JSON.stringify(id)},` +
          `"databaseId":${JSON.stringify(databaseId)},"username":${JSON.stringify(username)},` +
          `${originText(source, importId, actor)},"changed":${inLine(changedAndMemberships)}}`,
      );
      if (rows.length > rowsAtOnce) flush();
    },
    end() {
      if (rows.at(-1) !== "") flush();
      return pieces;
    },
  };
}

/** Makes the function that writes where a change came from. Changes of one import have it in common: it is kept. */
function createOriginText(): (source: string | null, importId: string | null, actor: string) => string {
  let last: readonly [string | null, string | null, string] | undefined;
  let text = "";
  return (source, importId, actor) => {
    if (last === undefined || last[0] !== source || last[1] !== importId || last[2] !== actor) {
      last = [source, importId, actor];
      text = `"source":${JSON.stringify(source)},"importId":${JSON.stringify(importId)},"actor":${JSON.stringify(actor)}`;
    }
    return text;
  };
}

/**
 * Makes the function that writes microseconds since 1970 as RFC 3339 in UTC. Changes of one import follow each other within
 * a second, of which the text is kept.
 */
export function createTimeText(): (microseconds: number) => string {
  let second = Number.NaN;
  let secondText = "";
  return (microseconds) => {
    const whole = Math.floor(microseconds / 1_000_000);
    if (whole !== second) {
      second = whole;
      secondText = new Date(whole * 1000).toISOString().slice(0, 20);
    }
    return `${secondText}${String(microseconds - whole * 1_000_000).padStart(6, "0")}Z`;
  };
}
