import type { RowIssue } from "../errors.ts";
import { damaged, quoted, valueInvalid } from "./issues.ts";
import { limits } from "./limits.ts";
import { hasLostLetters } from "./lost-letters.ts";
import { isPlaceholder } from "./placeholders.ts";
import type { GroupOrders } from "./records.ts";
import { hasEscapes, identifierDamage, isListNotation } from "./spreadsheet-damage.ts";
import { withoutGuard } from "./text-guards.ts";

/** The orders of a groupID cell. */
export interface ParsedGroupOrders {
  readonly orders: GroupOrders;
  /** Warnings. */
  readonly issues: readonly RowIssue[];
  /** Why the row cannot be applied; `orders` then orders nothing. */
  readonly failure?: RowIssue;
}

const deletePersonCode = "00000";
const leaveAllCode = "00001";
const leaveCode = "00002";

/** Roles by what they allow, least first; the numbers of feeds don't say it (file formats, section 3). */
export const rolesByPower: readonly number[] = [0, 4, 3, 1, 2];

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const groupIdPattern = /^[^|;\u0000-\u001f\u007f-\u009f]+$/;

/** A group and nothing else, as almost all tokens are: no code, whole or damaged, no role, and nothing to look into. */
const plainGroupPattern = /^(?:(?!Array$|[A-Z][a-z]{2}-\d\d$)[A-Za-z][\w :-]*|(?![012]$|0000[012])\d[\w ]*)$/;
/** The remains of a code after a spreadsheet, or another program, read it as a number. */
const damagedCode = /^(?:0000)?([012])(?:[.,]0{1,2}|[.,]0{4,})?$/;
/** A code with something behind it that is neither a group nor part of its own. */
const entangledCode = /^0000[012][^0-9A-Za-z_-]/;
/** The name of a group in a directory server (RFC 4514), such as `CN=Staff,OU=Groups,DC=example,DC=edu`. */
const distinguishedName = /^[A-Za-z]+=[^,=]+(?:,\s*(?:CN|OU|DC|O|L|ST|C)=[^,=]+)+$/i;

type Token =
  | { readonly kind: "delete-person" | "leave-all" | "leave-following" }
  | { readonly kind: "leave"; readonly groupId: string; readonly following: boolean }
  | { readonly kind: "group"; readonly groupId: string; readonly role: number | null }
  | { readonly kind: "lost-letters" }
  | { readonly kind: "failed"; readonly failure: RowIssue };

/**
 * Reads a groupID cell (file formats, section 3). Tokens are compared as exact strings and read from left to right:
 * after `00001` groups are joined, after `00002` (also written `00002 G`) left. Removals apply before additions, so a
 * group that is both left and joined is in both lists. A group that is named twice is joined with the more
 * powerful of its permitted roles.
 *
 * @param value the cell; blank orders nothing
 * @param grantableRoles roles that an import may grant beside 0; another one becomes 0, with a warning
 * @param unusualGroups ids of groups that have a comma in them, or look as if letters were lost
 */
export function parseGroupOrders(
  value: string,
  grantableRoles: readonly number[],
  unusualGroups: ReadonlySet<string> = noGroups,
): ParsedGroupOrders {
  const issues: RowIssue[] = [];
  const join = new Map<string, number | null>();
  const leave = new Set<string>();
  let deletePerson = false;
  let leaveAll = false;
  let leaving = false;
  let count = 0;
  const cell = withoutGuard(value);
  if (isSpoilt(cell)) return failed(damaged("groupID", cell, identifierDamage(cell)!));
  for (const text of splitTokens(cell, unusualGroups, issues)) {
    if (isPlaceholder(text)) {
      issues.push({ code: "placeholder_word", field: "groupID", details: { field: "groupID", value: quoted(text) } });
      continue;
    }
    count += 1;
    const token = parseToken(text, unusualGroups);
    switch (token.kind) {
      case "delete-person":
        deletePerson = true;
        break;
      case "leave-all":
        leaveAll = true;
        leaving = false;
        break;
      case "leave-following":
        leaving = true;
        break;
      case "leave":
        leave.add(token.groupId);
        leaving ||= token.following;
        break;
      case "group":
        if (!leaving) {
          const role = permittedRole(token.groupId, token.role, grantableRoles, issues);
          join.set(token.groupId, higherRole(join.get(token.groupId) ?? null, role));
        } else if (token.role === null) {
          leave.add(token.groupId);
        } else {
          return failed(invalidToken(text, true));
        }
        break;
      case "lost-letters":
        issues.push({ code: "letters_lost", field: "groupID", details: { field: "groupID", value: quoted(text) } });
        break;
      case "failed":
        return failed(token.failure);
    }
  }
  const unread = issues.find(({ code }) => code === "letters_lost" || code === "group_list_unclear");
  // The rest of the cell could order more than was meant.
  if (unread !== undefined && (deletePerson || leaveAll || leaving || leave.size > 0)) {
    return failed({ ...unread, code: "group_token_invalid" });
  }
  if (count > limits.user.groups) {
    return failed(valueInvalid("groupID", `it has more than ${limits.user.groups.toLocaleString("en-US")} groups`));
  }
  if (deletePerson && count > 1) return failed({ code: "delete_code_not_alone", field: "groupID", details: {} });
  // 00002 with nothing to leave
  if (leaving && leave.size === 0) return failed(invalidToken(leaveCode));
  const joined = Array.from(join, ([groupId, role]) => ({ groupId, role }));
  const incomplete = unread === undefined ? {} : { incomplete: true as const };
  return { orders: { deletePerson, leaveAll, leave: [...leave], join: joined, ...incomplete }, issues };
}

/** True for a cell that is damaged as a whole, so that its tokens would be parts of something else. */
const isSpoilt = (cell: string) => hasEscapes(cell) || (isListNotation(cell) && !isPlaceholder(cell));

const noGroups: ReadonlySet<string> = new Set();

/**
 * Splits a cell at `;` and line breaks, which no group's id has, and at commas, unless a group is called so. Tokens are
 * trimmed, without guards, and not blank.
 */
function splitTokens(cell: string, unusualGroups: ReadonlySet<string>, issues: RowIssue[]): string[] {
  const tokens: string[] = [];
  const isPlain = !/[\t\r\n,'="，、；]/.test(cell);
  for (const part of isPlain ? cell.split(";") : cell.split(/[;；\t\r\n]/)) {
    const trimmed = part.trim();
    const text = isPlain ? trimmed : withoutGuard(trimmed);
    if (text === "") continue;
    if (isPlain || !/[,，、]/.test(text)) tokens.push(text);
    else tokens.push(...splitAtCommas(text, unusualGroups, issues));
  }
  return tokens;
}

/** A comma may belong to a group's id, and an id may have blanks: only words between commas are a list for sure. */
function splitAtCommas(text: string, unusualGroups: ReadonlySet<string>, issues: RowIssue[]): string[] {
  const groupId = text.split("|", 1)[0]!.trim();
  if (unusualGroups.has(groupId) || distinguishedName.test(groupId)) return [text];
  if (identifierDamage(text) !== undefined || damagedCode.test(text)) return [text];
  const parts = text
    .split(/[,，、]/)
    .map((part) => withoutGuard(part.trim()))
    .filter((part) => part !== "");
  // A comma at the end separates nothing.
  if (parts.length === 1) return parts;
  const isList = parts.every((part) => !/\s/.test(part) || part.startsWith(`${leaveCode} `));
  const details = { value: quoted(text), count: parts.length };
  issues.push({ code: isList ? "group_list_split" : "group_list_unclear", field: "groupID", details });
  return isList ? parts : [];
}

function parseToken(text: string, unusualGroups: ReadonlySet<string>): Token {
  if (text.length <= limits.user.groupIdLength && plainGroupPattern.test(text))
    return { kind: "group", groupId: text, role: null };
  if (hasLostLetters(text) && !unusualGroups.has(text.replace(/^00002\s+|\|.*$/gs, "").trim()))
    return /(?:^|\|)\s*0000[012]/.test(text) ? invalid(text) : { kind: "lost-letters" };
  const [, digit] =
    text === deletePersonCode || text === leaveAllCode || text === leaveCode ? [] : (damagedCode.exec(text) ?? []);
  if (digit !== undefined) return damagedCodeOf(text, `0000${digit}`);
  const damage = identifierDamage(text);
  if (damage !== undefined) return { kind: "failed", failure: damaged("groupID", text, damage) };
  if (text === deletePersonCode) return { kind: "delete-person" };
  if (text === leaveAllCode) return { kind: "leave-all" };
  if (text === leaveCode) return { kind: "leave-following" };
  const spaced = /^0000[012]\s+(.*)$/.exec(text)?.[1];
  if (spaced !== undefined) {
    if (!text.startsWith(leaveCode) || !isGroupId(spaced)) return invalid(text);
    return { kind: "leave", groupId: spaced, following: true };
  }
  const bar = text.indexOf("|");
  const groupId = bar < 0 ? text : text.slice(0, bar).trim();
  if (!isGroupId(groupId)) return invalid(text);
  if (bar < 0) return { kind: "group", groupId, role: null };
  const order = text.slice(bar + 1).trim();
  if (order === leaveCode) return { kind: "leave", groupId, following: false };
  return /^[0-4]$/.test(order) ? { kind: "group", groupId, role: Number(order) } : invalid(text);
}

const invalid = (text: string): Token => ({ kind: "failed", failure: invalidToken(text) });

function damagedCodeOf(text: string, code: string): Token {
  const details = { value: quoted(text), code };
  return { kind: "failed", failure: { code: "group_code_damaged", field: "groupID", details } };
}

/** True for text that can name a group: codes can't, nor what a program left of a value. */
function isGroupId(text: string): boolean {
  return (
    text.length <= limits.user.groupIdLength &&
    groupIdPattern.test(text) &&
    !/^0000[012]$/.test(text) &&
    !entangledCode.test(text) &&
    !/^(?:0000)?[012][.,]0+$/.test(text) &&
    identifierDamage(text) === undefined &&
    !isPlaceholder(text)
  );
}

function permittedRole(
  groupId: string,
  role: number | null,
  grantableRoles: readonly number[],
  issues: RowIssue[],
): number | null {
  if (role === null || role === 0 || grantableRoles.includes(role)) return role;
  issues.push({ code: "role_not_permitted", field: "groupID", details: { role, groupId: quoted(groupId) } });
  return 0;
}

/** The role that allows more; any role before none. */
function higherRole(one: number | null, other: number | null): number | null {
  if (one === null) return other;
  if (other === null) return one;
  return rolesByPower.indexOf(one) >= rolesByPower.indexOf(other) ? one : other;
}

/** @param isLeft the token is one of the groups to leave */
function invalidToken(text: string, isLeft = false): RowIssue {
  return {
    code: "group_token_invalid",
    field: "groupID",
    details: isLeft ? { value: quoted(text), isLeft } : { value: quoted(text) },
  };
}

function failed(failure: RowIssue): ParsedGroupOrders {
  return { orders: { deletePerson: false, leaveAll: false, leave: [], join: [] }, issues: [], failure };
}
