/** The properties of an import that the command shows. */
export interface ImportDocument {
  readonly id: string;
  readonly kind: string;
  readonly dryRun: boolean;
  readonly status: string;
  readonly summary: string;
  readonly source: {
    readonly name: string;
    readonly fileName: string | null;
    readonly sha256: string | null;
  };
  readonly counts: Readonly<Record<string, number>> | null;
  readonly hold: HoldDocument | null;
  readonly planHash: string | null;
  readonly createdAt: string;
}

/** Why an import is held. */
export interface HoldDocument {
  readonly scope: "removals" | "everything";
  readonly reasons: readonly {
    readonly code: string;
    readonly figure: number;
    readonly limit: string;
    readonly message: string;
    readonly advice: string;
    readonly examples: readonly string[];
  }[];
  readonly waiting: Readonly<Record<string, number>>;
}

/** A note on a row. */
export interface RowDocument {
  /** From 1; 0: the note is about somebody who is not in the file. */
  readonly row: number;
  readonly line: number;
  readonly outcome: string;
  readonly code: string;
  readonly field: string | null;
  readonly message: string;
}
