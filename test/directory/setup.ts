import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after } from "node:test";
import type { Pool } from "pg";
import type { UserDocument } from "../../src/directory/user-schema.ts";
import { createApiKey } from "../../src/organizations/api-keys.ts";
import { createOrganization } from "../../src/organizations/organizations.ts";
import { startTestApp, type TestAnswer, type TestApp, type TestAppOptions } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";

/** A service of a test file's own, and the owner's way to look behind it. */
export interface DirectoryTest {
  readonly app: TestApp;
  readonly owner: Pool;
  /** Sends a request that must succeed, and returns the JSON of its answer. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  send(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", url: string, body?: object): Promise<any>;
  /** Adds a person with a name and an e-mail of their own. */
  addUser(user?: object): Promise<UserDocument>;
  /** Everything the change log says since `sequence`. */
  // biome-ignore lint/suspicious/noExplicitAny: changes have many shapes
  changesSince(sequence: number): Promise<any[]>;
  lastSequence(): Promise<number>;
  /** Counts the changes after which imports look at unchanged rows again. */
  rulesEpoch(): Promise<number>;
  /** A second organization, and an admin key of it. */
  addOrganization(): Promise<{ readonly organizationId: number; readonly key: string }>;
}

/** Starts the service on a new database; both end with the test file. */
export async function startDirectoryTest(options: TestAppOptions = {}): Promise<DirectoryTest> {
  const database = await createTestDatabase({ after });
  const app = await startTestApp(database, {}, options);
  const { owner } = database;
  let people = 0;
  const send: DirectoryTest["send"] = async (method, url, body) => {
    const answer = await app.inject({ method, url, ...(body ? { body } : {}) });
    assert.ok(answer.status >= 200 && answer.status < 300, `${method} ${url}: ${answer.status} ${answer.body}`);
    return answer.json;
  };
  return {
    app,
    owner,
    send,
    addUser: (user = {}) => {
      people += 1;
      return send("POST", "/v1/users", { firstName: `First${people}`, emails: [`user${people}@campus.edu`], ...user });
    },
    changesSince: async (sequence) => {
      const { rows } = await owner.query(
        `select type, action, id, database_id, username, actor, source, import_id, changed::json, memberships::json
         from changes where organization_id = $1 and sequence > $2 order by sequence`,
        [app.organizationId, sequence],
      );
      return rows;
    },
    lastSequence: async () => {
      const { rows } = await owner.query("select last_sequence from feed_heads where organization_id = $1", [
        app.organizationId,
      ]);
      return Number(rows[0].last_sequence);
    },
    rulesEpoch: async () => {
      const { rows } = await owner.query("select rules_epoch from organizations where id = $1", [app.organizationId]);
      return Number(rows[0].rules_epoch);
    },
    addOrganization: async () => {
      const organizationId = await createOrganization(owner, {
        name: `Other ${randomBytes(4).toString("hex")}`,
        settings: { requireGroup: false },
        createdAt: new Date("2026-01-01T00:00:00Z"),
      });
      const wanted = { name: "admin", services: ["admin"], source: null, expiresAt: null } as const;
      const { key } = await createApiKey(app.dependencies.database, organizationId, wanted, {
        ...app.dependencies,
        actor: "test",
      });
      return { organizationId, key };
    },
  };
}

/** Makes sure that an answer is a problem of this kind. */
export function assertProblem(answer: TestAnswer, status: number, code: string, field?: string): void {
  assert.deepEqual([answer.status, answer.json?.code], [status, code], answer.body);
  if (field !== undefined) assert.equal(answer.json.errors?.[0]?.field ?? answer.json.field, field, answer.body);
}
