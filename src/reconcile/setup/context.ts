import sql, { type Sql } from "sql-template-tag";
import { byDefault, manual, selfRegistered } from "../../directory/claims.ts";
import type { Settings } from "../../organizations/settings.ts";
import { literal } from "../../store/sql.ts";
import type { StyleRules } from "./style-rules.ts";

/**
 * An import as the matching statements see it. The fields of the type Sql are numbers and names of this service,
 * written as literals: statements without values share round trips. Text of clients appears in staged rows only.
 */
export interface MatchingContext {
  readonly organizationId: number;
  /** The organization's id, as a literal. */
  readonly organization: Sql;
  /** Number of the source: its bit in claims. */
  readonly sourceNumber: number;
  /** The source's number, as a literal. */
  readonly source: Sql;
  /** Changes with every setting and every version of the service that could give an unchanged row another meaning. */
  readonly rulesEpoch: Sql;
  /** Name of the style, as a literal: a row's digest counts only for the style that left it. */
  readonly style: Sql;
  /** People with a larger id are new in this import. */
  readonly lastUserId: Sql;
  /** Nobody was known before this import began, so its rows cannot mean anybody who is stored. */
  readonly knowsNobody: boolean;
}

/** An import as the statements that plan and apply it see it. */
export interface ImportContext extends MatchingContext {
  /** The source's claim: a bigint with one bit. */
  readonly claim: Sql;
  /** Owners whose scalars this source does not overwrite, as a bit set in a bigint. */
  readonly outranking: Sql;
  /** Owners whose scalars this source takes over, as a bit set in a bigint. */
  readonly outranked: Sql;
  /** The style's rules: code asks for them, never for the style's name. */
  readonly rules: StyleRules;
  /** The source is `default`, which also covers people without a source. */
  readonly isDefaultSource: boolean;
  /** The source's files decide the primary e-mail of known people. */
  readonly ownsPrimaryEmail: boolean;
  /** The plan leaves out all removals, because they wait for a decision. */
  readonly holdsRemovals: boolean;
  readonly settings: Settings;
}

/** A source as far as ranks matter. */
export interface RankedSource {
  readonly number: number;
  readonly rank: number;
}

const bit = (owner: number) => 1n << BigInt(owner);
const bigint = (bits: bigint) => sql`${literal(bits)}::bigint`;

/**
 * Works out the bit sets of an import. Manual values outrank every source. Sources outrank each other by rank, 1 being
 * the highest. Every source outranks values that people themselves or default groups brought (file formats, section 5).
 */
export function ranks(
  source: RankedSource,
  all: readonly RankedSource[],
): Pick<ImportContext, "claim" | "outranking" | "outranked"> {
  let outranking = bit(manual);
  let outranked = bit(selfRegistered) | bit(byDefault);
  for (const other of all) {
    if (other.rank < source.rank) outranking |= bit(other.number);
    if (other.rank > source.rank) outranked |= bit(other.number);
  }
  return { claim: bigint(bit(source.number)), outranking: bigint(outranking), outranked: bigint(outranked) };
}

/** SQL condition: the owner in `expression`, null for no owner, is in the bit set. */
export const ownerIn = (expression: Sql, bits: Sql): Sql =>
  sql`(${expression} is not null and (${bits} & (1::bigint << ${expression}::integer)) <> 0)`;
