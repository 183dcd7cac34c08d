import { renderTable } from "./table.ts";

/** Milliseconds of many requests, and how many were answered a second. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly rate: number;
}

/** The cost of reading the change feed. */
export interface FeedResults {
  readonly date: string;
  readonly machine: string;
  readonly entries: number;
  /** PostgreSQL making the text of a page, and Muster answering with it, by the number of clients. */
  readonly pages: readonly { readonly clients: number; readonly postgresql: Latency; readonly muster: Latency }[];
  /** Polls that find nothing new, and an empty route of Fastify, 16 clients. */
  readonly polls: { readonly muster: Latency; readonly emptyRoute: Latency };
  /** From the commit to the answers of 16 clients that wait. */
  readonly wait: Latency;
  /** While a roster is imported into the same organization; who waits, waits for changes of another one. */
  readonly importing: {
    readonly people: number;
    readonly pages: FeedResults["pages"];
    readonly polls: Latency;
    readonly wait: Latency;
  };
}

const pageSize = 1000;

/** Heading of the section of the results about the feed. */
export const feedHeading = "## Change feed";

/** Renders the results as Markdown. */
export function renderFeed({ date, machine, entries, pages, polls, wait, importing }: FeedResults): string {
  const row = (name: string, reference: Latency, muster: Latency) => {
    const ratio = muster.p50 / reference.p50;
    const times = [reference.p50, reference.p99, muster.p50, muster.p99].map(ms);
    return [name, ...times, ratio.toFixed(2), ratio <= 1.3 ? "met" : "NOT met"];
  };
  const pageRow = ({ clients, postgresql, muster }: FeedResults["pages"][number], when: string) =>
    row(`${clients === 1 ? "1 client" : `${clients} clients`}${when}`, postgresql, muster);
  const share = polls.muster.rate / polls.emptyRoute.rate;
  return [
    feedHeading,
    "",
    `${date}, ${machine}. A log of ${entries.toLocaleString("en")} entries, pages of ${pageSize}; milliseconds. Clients, service and PostgreSQL share the machine.`,
    "PostgreSQL makes the same text by a plain statement, over as many connections; the ratio compares the medians.",
    "",
    ...renderTable(
      ["pages", "PostgreSQL p50", "p99", "Muster p50", "p99", "ratio", "goal ≤ 1.3"],
      [
        ...pages.map((page) => pageRow(page, "")),
        ...importing.pages.map((page) => pageRow(page, ", during an import")),
      ],
    ),
    "",
    `- Polls that find nothing, 16 clients: ${polls.muster.rate.toFixed(0)} a second (p99 ${ms(polls.muster.p99)} ms); an empty route of Fastify ${polls.emptyRoute.rate.toFixed(0)}: ${(share * 100).toFixed(0)} % (goal ≥ 50 %: ${share >= 0.5 ? "met" : "NOT met"}). During an import, 16 clients: ${importing.polls.rate.toFixed(0)} a second, p99 ${ms(importing.polls.p99)} ms.`,
    `- From the commit to the answers of 16 clients that wait: p50 ${ms(wait.p50)} ms, p99 ${ms(wait.p99)} ms (goal ≤ 100 ms: ${wait.p99 <= 100 ? "met" : "NOT met"}). During an import: p50 ${ms(importing.wait.p50)} ms, p99 ${ms(importing.wait.p99)} ms.`,
    `- The import is one of ${importing.people.toLocaleString("en")} people into the organization that is read.`,
    "",
  ].join("\n");
}

const ms = (value: number) => value.toFixed(1);
