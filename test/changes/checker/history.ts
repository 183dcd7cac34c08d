import type { FeedChange } from "../reader.ts";

/** A change as the feed told it, with what only the checker asks for. */
export interface ToldChange extends FeedChange {
  readonly importId: string | null;
}

/** An answer of the feed to one reader. */
export interface Poll {
  /** Milliseconds of one clock, before the request was sent and after the answer was read. */
  readonly began: number;
  readonly ended: number;
  /** Number of the process that answered. */
  readonly process: number;
  readonly query: string;
  /** The exclusive start of the window, when the reader asked by time. */
  readonly since?: string;
  readonly told: readonly ToldChange[];
  readonly cursor: string;
  readonly until: string;
  readonly hasMore: boolean;
  readonly complete?: boolean;
}

/** The part of the log that a chain reads: all of it, some types, or a group. */
export type ChainScope =
  | { readonly of: "everything" }
  | { readonly of: "types"; readonly types: readonly string[] }
  | { readonly of: "group"; readonly groupId: string };

/** A listing of people, and the chain's place that it gave. */
export interface Listing {
  readonly users: readonly Readonly<Record<string, unknown>>[];
}

/** The answers that one reader received. */
export interface Chain {
  readonly name: string;
  readonly scope: ChainScope;
  /** Set when the chain does not begin with the log. */
  listing?: Listing;
  readonly polls: Poll[];
}

/** The entries that a write must leave in the log: consecutive, by its writer, and all matching. */
export interface Effect {
  /** undefined: as many as there are, or until one `ends` it. */
  readonly count: number | undefined;
  matches(change: ToldChange): boolean;
  /** The last entry, which has to be there. */
  ends?(change: ToldChange): boolean;
  /** Several attempts were sent, and another writer may have undone the first one in between: it may be there again. */
  readonly mayRepeat?: boolean;
}

/** A write whose outcome is known: it was acknowledged, at once or when it was repeated after a crash. */
export interface Write {
  /** `api-key:edits-1`. */
  readonly actor: string;
  readonly what: string;
  readonly effect: Effect;
  /** When the acknowledgement was read, and the process that sent it. */
  readonly acknowledged: number;
  readonly process: number;
}

/** An import as the API shows it, as far as the checker looks at it. */
export interface ImportResource {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly problem: unknown;
  readonly hold: unknown;
  readonly decision: unknown;
  readonly planHash: string | null;
  readonly firstSequence: number | null;
  readonly lastSequence: number | null;
}

/** An import whose answer arrived. */
export interface AcknowledgedImport {
  readonly answer: ImportResource;
  readonly acknowledged: number;
  readonly process: number;
}

/** Something that is not as it has to be. */
export interface Violation {
  readonly kind: ViolationKind;
  /** The chain, writer, import or list. */
  readonly where: string;
  /** One sentence. */
  readonly message: string;
  /** The entries around the place. */
  readonly around: readonly ToldChange[];
}

export type ViolationKind =
  | "missed"
  | "repeated"
  | "times"
  | "differs"
  | "behind"
  | "stale"
  | "answer"
  | "process"
  | "window"
  | "copy"
  | "write"
  | "import";

/** All that happened. */
export interface History {
  readonly chains: readonly Chain[];
  readonly writes: readonly Write[];
  readonly acknowledgedImports: readonly AcknowledgedImport[];
  /** Violations that were noticed at once. */
  readonly violations: Violation[];
  /** How many imports are under way: crashes look for these moments. */
  importsUnderWay: number;
}

/** The API's state at the end, after all writes. */
export interface FinalState {
  /** The whole log, read from its start. */
  readonly log: readonly ToldChange[];
  readonly users: readonly Readonly<Record<string, unknown>>[];
  readonly groups: readonly Readonly<Record<string, unknown>>[];
  readonly locations: readonly Readonly<Record<string, unknown>>[];
  readonly optOuts: readonly Readonly<Record<string, unknown>>[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly imports: readonly ImportResource[];
}

/** Keeps one copy of what many chains are told alike. */
export type Interner = (change: ToldChange) => ToldChange;

/** Makes an interner. */
export function createInterner(): Interner {
  const known = new Map<number, { text: string; change: ToldChange }>();
  return (change) => {
    const text = JSON.stringify(change);
    const first = known.get(change.sequence);
    if (first?.text === text) return first.change;
    if (first === undefined) known.set(change.sequence, { text, change });
    return change;
  };
}
