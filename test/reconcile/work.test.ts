/**
 * The work of statements grows with the rows, and not with their square: where many people share an e-mail, and where
 * PostgreSQL's statistics know nothing of the organization yet. EXPLAIN counts the rows that each step handles.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { PoolClient } from "pg";
import type { Sql } from "sql-template-tag";
import { applyLinks } from "../../src/reconcile/people/apply/links.ts";
import { warnOfLinksByEmail } from "../../src/reconcile/people/match/by-email.ts";
import { matchStatements } from "../../src/reconcile/people/match/match-rows.ts";
import { warnOfRecycledPeople } from "../../src/reconcile/people/match/recycled.ts";
import { warnOfEmailsOfMany, warnOfSharedEmails } from "../../src/reconcile/people/match/shared-emails.ts";
import { matchUnchangedPeople, matchUnchangedRows } from "../../src/reconcile/people/match/unchanged-rows.ts";
import { planKnownChanges } from "../../src/reconcile/people/plan/changes.ts";
import { planContacts } from "../../src/reconcile/people/plan/contacts.ts";
import { listGroups } from "../../src/reconcile/people/plan/group-styles.ts";
import { listPeople } from "../../src/reconcile/people/plan/people.ts";
import { planScalars } from "../../src/reconcile/people/plan/scalars.ts";
import { stagingTables } from "../../src/reconcile/people/stage/tables.ts";
import type { ImportContext } from "../../src/reconcile/setup/context.ts";
import { importContext } from "../../src/reconcile/setup/setup.ts";
import { inSets } from "../../src/store/sql.ts";
import { createTestDatabase } from "../support/database.ts";
import { importRun, importSetup } from "../support/import-contexts.ts";

const { owner } = await createTestDatabase({ after });

/** Has the statistics know another organization only: PostgreSQL then expects one row of any other. */
async function misleadStatistics(client: PoolClient): Promise<void> {
  await client.query("set local session_replication_role = replica");
  await addPeople(client, 1, 500, "'p' || n || '@y.edu'");
  await client.query("analyze users; analyze user_sources");
}

/** Adds people with consecutive ids, each with a userID and a digest of their own. @param email SQL of the address; it may use n */
async function addPeople(client: PoolClient, organization: number, people: number, email: string): Promise<void> {
  await client.query(
    `insert into users (organization_id, id, first_name, last_name, username, username_normalized, email, email_normalized,
       claims, version, created_at, updated_at)
     select $1, n, 'First' || n, 'Last', 'u' || n, 'u' || n, ${email}, ${email}, 16, 1, now(), now() from generate_series(1, $2::integer) n`,
    [organization, people],
  );
  await client.query(
    `insert into user_sources (organization_id, source, user_id, digest, rules_epoch, user_version, style)
     select $1, 4, n, decode(md5(n::text), 'hex'), 0, 1, 'normal' from generate_series(1, $2::integer) n`,
    [organization, people],
  );
}

interface PlanNode {
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Join Filter"?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Counts the rows that the steps of a plan handled, those included that they threw away. */
function workOf(node: PlanNode): number {
  const rows = node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Join Filter"] ?? 0);
  return rows * node["Actual Loops"] + (node.Plans ?? []).reduce((sum, plan) => sum + workOf(plan), 0);
}

/** Runs statements, and returns the largest work of one. */
async function mostWork(client: PoolClient, statements: readonly Sql[]): Promise<number> {
  let most = 0;
  for (const statement of statements) {
    if (!/^\s*(?:insert|update|delete|with)/i.test(statement.text)) {
      await client.query(statement);
      continue;
    }
    const { rows } = await client.query({
      text: `explain (analyze, timing off, format json) ${statement.text}`,
      values: statement.values,
    });
    most = Math.max(most, workOf(rows[0]["QUERY PLAN"][0].Plan));
  }
  return most;
}

const organization = 2;
const contextOf = (people: number, isKnown: boolean): ImportContext =>
  importContext(organization, importSetup("normal", "students"), isKnown ? people : 0);

type Scenario = (client: PoolClient, people: number) => Promise<readonly Sql[]>;

const flags =
  "plain, failed, delete_person, leave_all, groups_given, only_removes, names_group, emails_incomplete, phones_incomplete, groups_incomplete";

/** Stages a row for each person. @param columns SQL of more columns @param values SQL of their values; it may use n */
const stage = (client: PoolClient, people: number, columns: string, values: string) =>
  client.query(
    `insert into staged_rows (row, line, digest, ${flags}, first_name, last_name, ${columns})
     select n, n, ''::bytea, false, false, false, false, true, false, true, false, false, false, 'First' || n, 'Last', ${values}
     from generate_series(1, $1::integer) n`,
    [people],
  );

const matchAndWarn = (c: ImportContext): Sql[] => [
  ...matchStatements(c),
  ...listGroups(c),
  ...listPeople(c),
  ...inSets([warnOfSharedEmails(c)]),
  warnOfEmailsOfMany(c),
  ...inSets([warnOfLinksByEmail(c)]),
  warnOfRecycledPeople(c),
  ...planScalars(c),
  ...planContacts(c, false),
  ...planKnownChanges(c, "students"),
  ...applyLinks(c, importRun),
];

const scenarios: Readonly<Record<string, Scenario>> = {
  "the unchanged rows of a file": async (client, people) => {
    await addPeople(client, organization, people, "'p' || n || '@x.edu'");
    await client.query(
      `insert into staged_digests (row, digest) select n, decode(md5(n::text), 'hex') from generate_series(1, $1::integer) n`,
      [people],
    );
    await client.query("analyze staged_digests");
    const [c, kind] = [contextOf(people, true), { table: "staged_digests", column: "digest" } as const];
    return inSets([matchUnchangedRows(c, kind, false), matchUnchangedPeople(c, kind, false)]);
  },
  "new people of one e-mail": async (client, people) => {
    await stage(client, people, "email, email_normalized", "'all@x.edu', 'all@x.edu'");
    return matchAndWarn(contextOf(people, false));
  },
  "known people of one e-mail": async (client, people) => {
    await addPeople(client, organization, people, "'all@x.edu'");
    await stage(client, people, "email, email_normalized", "'all@x.edu', 'all@x.edu'");
    return matchAndWarn(contextOf(people, true));
  },
  "new identifiers of people who share one e-mail": async (client, people) => {
    await addPeople(client, organization, people, "'all@x.edu'");
    await stage(client, people, "email, email_normalized, database_id", "'all@x.edu', 'all@x.edu', 'd' || n");
    return matchAndWarn(contextOf(people, true));
  },
  "known userIDs": async (client, people) => {
    await addPeople(client, organization, people, "'p' || n || '@x.edu'");
    await stage(client, people, "username, username_normalized", "'u' || n, 'u' || n");
    return matchAndWarn(contextOf(people, true));
  },
};

for (const [name, scenario] of Object.entries(scenarios))
  test(`matching ${name} grows with the rows`, async () => {
    const work = async (people: number): Promise<number> => {
      const client = await owner.connect();
      try {
        await client.query("begin");
        await misleadStatistics(client);
        await client.query(stagingTables.text);
        return await mostWork(client, await scenario(client, people));
      } finally {
        await client.query("rollback");
        client.release();
      }
    };
    const [small, large] = [await work(400), await work(1_600)];
    assert.ok(large < 6 * small, `${small} rows of work for 400 people, ${large} for 1,600`);
  });
