import assert from "node:assert/strict";
import type { Moderation } from "../../src/moderation/context.ts";
import { type DirectoryTest, startDirectoryTest } from "../directory/setup.ts";
import type { TestAnswer } from "../support/app.ts";

/** A service of a test file's own, with what tests of moderation need. */
export interface ModerationTest extends DirectoryTest {
  /** Moderation for a person who signed in. */
  as(userId: string): Moderation;
  /** Adds a person with a role in a group, and returns the id. */
  addMember(groupId: string, role: number): Promise<string>;
  addGroup(groupId: string, group?: object): Promise<void>;
  submit(groupId: string, author: string, topic?: object): Promise<TestAnswer>;
  ask(groupId: string, userId: string, request?: object): Promise<TestAnswer>;
  /** Sends a request that must succeed. */
  // biome-ignore lint/suspicious/noExplicitAny: answers have many shapes
  done(answer: Promise<TestAnswer>, status?: number): Promise<any>;
}

/** Starts the service on a new database; both end with the test file. */
export async function startModerationTest(): Promise<ModerationTest> {
  const base = await startDirectoryTest();
  const { app, send, addUser } = base;
  const { database, queue, clock, newId } = app.dependencies;
  const post = (url: string, body: object) => app.inject({ method: "POST", url, body });
  return {
    ...base,
    as: (userId) => ({
      database,
      queue,
      clock,
      newId,
      actor: { organizationId: app.organizationId, actor: `user:${userId}`, userId: Number(userId) },
    }),
    addMember: async (groupId, role) => (await addUser({ memberships: [{ groupId, role }] })).id,
    addGroup: async (groupId, group = {}) => void (await send("POST", "/v1/groups", { groupId, ...group })),
    submit: (groupId, author, topic = {}) =>
      post(`/v1/groups/${groupId}/topics`, { author, subject: "Subject", body: "Body", channels: ["email"], ...topic }),
    ask: (groupId, userId, request = {}) => post(`/v1/groups/${groupId}/membership-requests`, { userId, ...request }),
    done: async (answer, status = 201) => {
      const { status: found, body, json } = await answer;
      assert.equal(found, status, body);
      return json;
    },
  };
}
