import assert from "node:assert/strict";
import { test } from "node:test";
import sql from "sql-template-tag";
import { dueNotices, keepNotices } from "../../src/moderation/announce-pending.ts";
import { visibleItems } from "../../src/moderation/pending.ts";
import { statementDatabase } from "../support/statement-database.ts";
import { refusedStatements } from "../support/statements.ts";

const { owner } = statementDatabase;
const at = new Date("2026-01-01T00:00:00Z");

test("PostgreSQL accepts every statement of pending items, for keys and people, of one group or all", async () => {
  const views = [undefined, "G"].flatMap((groupId) =>
    [null, 7].map((userId) => [
      `visible to ${userId} in ${groupId}`,
      sql`${visibleItems({ organizationId: 1, userId, seesAll: userId === null, groupId })} select * from visible`,
    ]),
  );
  const notices = { at, inGroup: [1, 3], everywhere: [2], pendingMailMinutes: 60, remindAfterHours: 48 };
  const refused = await refusedStatements(owner, {
    ...Object.fromEntries(views),
    "due notices": dueNotices(notices),
    "keep notices": keepNotices(at, []),
  });
  assert.deepEqual(refused, []);
});
