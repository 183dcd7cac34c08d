import { byDefault, manual, selfRegistered } from "../../directory/claims.ts";
import type { Settings, Style } from "../../organizations/settings.ts";

/**
 * What every statement of an import needs to know. All of it is numbers and booleans made by this service, which is
 * why the statements may hold them as literals; what a client wrote stands in staged rows only.
 */
export interface ImportContext {
  readonly organizationId: number;
  /** Number of the source: its bit in claims. */
  readonly source: number;
  /** The source's claim, as a bigint literal. */
  readonly claim: string;
  /** Owners that a scalar of this source does not overwrite, as a bit set in a bigint literal. */
  readonly outranking: string;
  /** Owners that this source takes scalars over from, likewise. */
  readonly outranked: string;
  /** Changes with every setting, and every version of the service, that could make an unchanged row mean something else. */
  readonly rulesEpoch: number;
  readonly style: Style;
  /** Whether the source is the one that stands for all who name none. */
  readonly isDefaultSource: boolean;
  /** Whether whatever would take something away is left out of the plan: it waits for a decision. */
  readonly holdsRemovals: boolean;
  readonly settings: Settings;
  /** People with a larger id are new in this import. */
  readonly lastUserId: number;
  /** Whether nobody is known, or was before this import began: then nothing stored can be meant by its rows. */
  readonly knowsNobody: boolean;
}

/** A source as far as ranks matter. */
export interface RankedSource {
  readonly number: number;
  readonly rank: number;
}

const literal = (bits: bigint) => `${bits}::bigint`;

/**
 * Works out the bit sets of an import. Manual values outrank every source, sources outrank each other by rank
 * (1 is the highest), and any source outranks what people or default groups brought (file formats, section 5).
 */
export function ranks(
  source: RankedSource,
  all: readonly RankedSource[],
): Pick<ImportContext, "claim" | "outranking" | "outranked"> {
  let outranking = 1n << BigInt(manual);
  let outranked = (1n << BigInt(selfRegistered)) | (1n << BigInt(byDefault));
  for (const other of all) {
    if (other.rank < source.rank) outranking |= 1n << BigInt(other.number);
    if (other.rank > source.rank) outranked |= 1n << BigInt(other.number);
  }
  return {
    claim: literal(1n << BigInt(source.number)),
    outranking: literal(outranking),
    outranked: literal(outranked),
  };
}

/** SQL: whether the owner in `expression` (null for none) is in the bit set. */
export const ownerIn = (expression: string, bits: string): string =>
  `(${expression} is not null and (${bits} & (1::bigint << ${expression}::integer)) <> 0)`;
