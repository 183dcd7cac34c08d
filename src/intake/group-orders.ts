import type { RowIssue } from "../errors.ts";
import { quoted, valueInvalid } from "./issues.ts";
import { limits } from "./limits.ts";
import type { GroupOrders } from "./records.ts";
import { tokenDamage } from "./spreadsheet-damage.ts";

/** What a groupID cell orders. */
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
/** What a spreadsheet leaves of the codes. */
const damagedCodes: Readonly<Record<string, string>> = {
  ...{ "0": deletePersonCode, "1": leaveAllCode, "2": leaveCode },
  ...{ "0.0": deletePersonCode, "1.0": leaveAllCode, "2.0": leaveCode },
  ...{ "0,0": deletePersonCode, "1,0": leaveAllCode, "2,0": leaveCode },
};

/** Roles by what they allow, least first; the numbers of feeds don't say it (file formats, section 3). */
export const rolesByPower: readonly number[] = [0, 4, 3, 1, 2];

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const groupIdPattern = /^[^|;\u0000-\u001f\u007f-\u009f]+$/;

/** A group and nothing else, as almost all tokens are: no code, whole or damaged, and no role. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
const plainGroupPattern = /^(?![012]$|0000[012](?:\s|$))[^|;\u0000-\u001f\u007f-\u009f]+$/;

type Token =
  | { readonly kind: "delete-person" | "leave-all" | "leave-following" }
  | { readonly kind: "leave"; readonly groupId: string; readonly following: boolean }
  | { readonly kind: "group"; readonly groupId: string; readonly role: number | null }
  | { readonly kind: "damaged"; readonly code: string }
  | { readonly kind: "spoilt"; readonly explanation: string }
  | { readonly kind: "invalid" };

/**
 * Reads a groupID cell (file formats, section 3). Tokens are compared as exact strings and read from left to right:
 * after `00001` groups are joined, after `00002` (also written `00002 G`) left. Removals apply before additions, so a
 * group that is both left and joined stands in both lists. A group that is named twice is joined with the more
 * powerful of its permitted roles.
 *
 * @param value the cell; blank orders nothing
 * @param grantableRoles roles that an import may grant beside 0; another one becomes 0, with a warning
 */
export function parseGroupOrders(value: string, grantableRoles: readonly number[]): ParsedGroupOrders {
  const issues: RowIssue[] = [];
  const join = new Map<string, number | null>();
  const leave = new Set<string>();
  let deletePerson = false;
  let leaveAll = false;
  let leaving = false;
  let count = 0;
  for (const part of value.split(";")) {
    const text = part.trim();
    if (text === "") continue;
    count += 1;
    const token = parseToken(text);
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
          return failed(invalidToken(text));
        }
        break;
      case "damaged":
        return failed({ code: "group_code_damaged", field: "groupID", details: { value: text, code: token.code } });
      case "spoilt": {
        const details = { field: "groupID", value: quoted(text), explanation: token.explanation };
        return failed({ code: "spreadsheet_damage", field: "groupID", details });
      }
      case "invalid":
        return failed(invalidToken(text));
    }
  }
  if (count > limits.user.groups) {
    return failed(valueInvalid("groupID", `it has more than ${limits.user.groups.toLocaleString("en-US")} groups`));
  }
  if (deletePerson && count > 1) return failed({ code: "delete_code_not_alone", field: "groupID", details: {} });
  // 00002 with nothing to leave
  if (leaving && leave.size === 0) return failed(invalidToken(leaveCode));
  const joined: { groupId: string; role: number | null }[] = [];
  for (const [groupId, role] of join) joined.push({ groupId, role });
  return { orders: { deletePerson, leaveAll, leave: [...leave], join: joined }, issues };
}

function parseToken(text: string): Token {
  const explanation = /[+#]/.test(text) ? tokenDamage(text) : undefined;
  if (explanation !== undefined) return { kind: "spoilt", explanation };
  if (text.length <= 3 && Object.hasOwn(damagedCodes, text)) return { kind: "damaged", code: damagedCodes[text]! };
  if (text.length <= limits.user.groupIdLength && plainGroupPattern.test(text))
    return { kind: "group", groupId: text, role: null };
  if (text === deletePersonCode) return { kind: "delete-person" };
  if (text === leaveAllCode) return { kind: "leave-all" };
  if (text === leaveCode) return { kind: "leave-following" };
  const spaced = /^0000[012]\s+(.*)$/.exec(text)?.[1];
  if (spaced !== undefined) {
    if (!text.startsWith(leaveCode) || !isGroupId(spaced)) return { kind: "invalid" };
    return { kind: "leave", groupId: spaced, following: true };
  }
  const bar = text.indexOf("|");
  const groupId = bar < 0 ? text : text.slice(0, bar).trim();
  if (!isGroupId(groupId)) return { kind: "invalid" };
  if (bar < 0) return { kind: "group", groupId, role: null };
  const order = text.slice(bar + 1).trim();
  if (order === leaveCode) return { kind: "leave", groupId, following: false };
  return /^[0-4]$/.test(order) ? { kind: "group", groupId, role: Number(order) } : { kind: "invalid" };
}

/** Whether it can name a group: the codes can't. */
function isGroupId(text: string): boolean {
  return text.length <= limits.user.groupIdLength && groupIdPattern.test(text) && !/^0000[012]$/.test(text);
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

function invalidToken(text: string): RowIssue {
  return { code: "group_token_invalid", field: "groupID", details: { value: quoted(text) } };
}

function failed(failure: RowIssue): ParsedGroupOrders {
  return { orders: { deletePerson: false, leaveAll: false, leave: [], join: [] }, issues: [], failure };
}
