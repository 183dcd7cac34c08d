/** Ids of groups and names of locations that rows name and that are to be created. */
export interface Wanted {
  readonly groups: readonly string[];
  readonly locations: readonly string[];
}

/** The change log's entry of the new person of a plain row (docs/decisions/021), as JSON. */
export interface PlainEntry {
  readonly changed: string;
  readonly memberships: string;
  readonly wanted: Wanted;
}
