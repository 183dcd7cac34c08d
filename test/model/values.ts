/** Scalars of a person: one value each, with the one who set it last (file formats, section 5). */
import type { Said, Statement } from "./merge.ts";
import { isBlank } from "./merge.ts";
import { type Issue, locationKey, type Organization, type Owned, outranks, type User, type Username } from "./state.ts";
import { damages } from "./text.ts";
import { textProperties, texts } from "./texts.ts";

/** How a scalar is treated. */
interface ScalarRule {
  /** True if a blank withdraws the value: names and identifiers stay. */
  readonly optional: boolean;
  /** Returns the key by which values are compared. */
  readonly key: (value: never) => unknown;
}
const required: ScalarRule = { optional: false, key: (value) => value };
const optional: ScalarRule = { optional: true, key: (value) => value };
const optionalList: ScalarRule = { optional: true, key: (value) => JSON.stringify(value) };
const optionalLocation: ScalarRule = { optional: true, key: locationKey };
const usernameRule: ScalarRule = { optional: false, key: (value: Username | null) => value?.normalized };

interface DecidedScalar<Value> extends Owned<Value> {
  /** Why the stored value stays although the file says another one. */
  readonly kept: "value_kept" | "text_damaged" | false;
}

/** A value as a text; a flag has none. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join("|");
  if (typeof value === "string") return value;
  return value !== null && typeof value === "object" ? (value as Username).username : "";
}

/** Decides the new state of a scalar that `source` sends. */
function decideScalar<Value>(
  organization: Organization,
  source: number,
  mode: Statement["mode"],
  stored: Owned<Value>,
  said: Said<Value> | undefined,
  rule: ScalarRule,
): DecidedScalar<Value> {
  const keep: DecidedScalar<Value> = { ...stored, kept: false };
  const set = (value: Value): DecidedScalar<Value> => ({ value, owner: source, kept: false });
  const key = rule.key as (value: Value) => unknown;
  if (said === undefined) return keep;
  if (isBlank(said.value)) {
    const withdraws = mode === "replace" && rule.optional && stored.owner === source;
    return withdraws ? { value: said.value, owner: null, kept: false } : keep;
  }
  if (key(said.value) === key(stored.value)) {
    const takesOver = stored.owner === null || outranks(organization, source, stored.owner);
    return takesOver ? set(stored.value) : keep;
  }
  if (isBlank(stored.value)) return set(said.value);
  if (mode === "fill") {
    if (Array.isArray(stored.value) && Array.isArray(said.value))
      return fillList(organization, source, stored, said.value);
    return { ...stored, kept: "value_kept" };
  }
  if (stored.owner !== null && outranks(organization, stored.owner, source)) return { ...stored, kept: "value_kept" };
  if (damages(textOf(stored.value), textOf(said.value))) return { ...stored, kept: "text_damaged" };
  return set(said.value);
}

/**
 * A list is filled element by element. It keeps its owner, whose elements are still in it, unless it is then as the file
 * says.
 */
function fillList<Value>(
  organization: Organization,
  source: number,
  stored: Owned<Value>,
  said: readonly string[],
): DecidedScalar<Value> {
  const before = stored.value as readonly string[];
  const length = Math.max(before.length, said.length);
  const filled = Array.from({ length }, (_, index) => before[index] || said[index] || "");
  const agrees = JSON.stringify(filled) === JSON.stringify(said);
  const takesOver = agrees && (stored.owner === null || outranks(organization, source, stored.owner));
  return {
    value: filled as Value,
    owner: takesOver ? source : stored.owner,
    kept: said.some((element, index) => element !== "" && element !== filled[index]) && "value_kept",
  };
}

/** The username that a person has if nobody else has it. `user` is null for somebody new. */
export function decideUsername(
  organization: Organization,
  source: number,
  user: User | null,
  statement: Statement,
): DecidedScalar<Username | null> {
  const stored = user?.username ?? { value: null, owner: null };
  return decideScalar(organization, source, statement.mode, stored, statement.username, usernameRule);
}

/** Applies the scalars of a statement to a user, and warns of what was kept. */
export function applyScalars(
  organization: Organization,
  source: number,
  user: User,
  statement: Statement,
  warn: (row: number, issue: Issue) => void,
): void {
  const decided = <Value>(field: string, stored: Owned<Value>, said: Said<Value> | undefined, rule: ScalarRule) => {
    const { kept, ...scalar } = decideScalar(organization, source, statement.mode, stored, said, rule);
    if (kept && said) warn(said.row, { code: kept, field });
    return scalar;
  };
  for (const property of textProperties) {
    const { feed, optional: isOptional } = texts[property];
    user[property] = decided(feed, user[property], statement[property], isOptional ? optional : required);
  }
  user.username = decided("userID", user.username, statement.username, usernameRule);
  user.customFields = decided("customFields", user.customFields, statement.customFields, optionalList);
  user.showAllGroups = decided("showAllGroups", user.showAllGroups, statement.showAllGroups, optional);

  let location = statement.location;
  if (location?.value) {
    const name = organization.locations.get(locationKey(location.value))?.name;
    if (name === undefined) warn(location.row, { code: "location_unknown", field: "campusName" });
    location = name === undefined ? undefined : { value: name, row: location.row };
  }
  user.location = decided("campusName", user.location, location, optionalLocation);
}
