/** Deciders get at most one mail in a while about waiting items, and one reminder a day. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { deliverAnnouncements } from "../../src/announcements/deliver.ts";
import type { Mail } from "../../src/announcements/mailer.ts";
import { announcePending } from "../../src/moderation/announce-pending.ts";
import { startModerationTest } from "./setup.ts";

const { addGroup, addMember, addOrganization, addUser, app, ask, done, owner, send, submit } =
  await startModerationTest();
const minute = 60_000;
const hour = 60 * minute;

const mails: Mail[] = [];
const lines: object[] = [];
const write = (fields: object, message: string) => void lines.push({ ...fields, message });
const delivery = {
  owner,
  clock: app.dependencies.clock,
  log: { info: write, warn: write },
  publicUrl: "https://muster.example.edu",
  sendMail: async (mail: Mail) => void mails.push(mail),
};

/** A round and its delivery; returns the mails. */
async function round(): Promise<Mail[]> {
  mails.length = 0;
  await announcePending(owner, app.dependencies.clock());
  await deliverAnnouncements(delivery);
  return [...mails];
}
const recipients = (sent: readonly Mail[]) => sent.flatMap(({ to }) => to).sort();

let groups = 0;
/** A private group with post approval, and who waits for it to be decided. */
async function newGroup() {
  groups += 1;
  const groupId = `G${groups}`;
  await addGroup(groupId, { privacy: 2, postApproval: true, name: `Club ${groups}` });
  return { groupId, author: await addMember(groupId, 0) };
}
/** Somebody with an address of their own. */
async function decider(groupId: string, role: number, name: string): Promise<string> {
  return (await addUser({ emails: [`${name}@x.org`], memberships: [{ groupId, role }] })).id;
}

// Each test begins with nothing that waits and nobody who was told.
beforeEach(async () => {
  await owner.query(
    "delete from decisions; delete from topics; delete from membership_requests; delete from decider_notices",
  );
  await owner.query("update memberships set role = 0 where role > 0");
  lines.length = 0;
});

test("who decides in a group is told once of several items, without a word about people", async () => {
  const { groupId, author } = await newGroup();
  await decider(groupId, 1, "full");
  await decider(groupId, 3, "limited");
  await decider(groupId, 4, "sender");
  await decider(groupId, 2, "network");
  await done(submit(groupId, author, { subject: "Tournament" }));
  await done(ask(groupId, (await addUser({ firstName: "Jane" })).id, { message: "Secret" }));
  const sent = await round();
  assert.deepEqual(recipients(sent), ["full@x.org", "limited@x.org"]);
  const [mail] = sent;
  assert.equal(mail?.subject, "[Muster, Test University] 1 topic and 1 request to join a group wait for your decision");
  assert.equal(
    mail?.text,
    [
      "1 topic and 1 request to join a group wait for your decision; the oldest since 22 Nov 02:00.",
      "",
      `- Club ${groups}: Tournament`,
      `- Club ${groups}: a request to join`,
      "",
      "Decide at:",
      "",
      "https://muster.example.edu/v1/pending",
      "",
    ].join("\n"),
  );
  assert.deepEqual(
    lines,
    Array(2).fill({ kind: "pending_new", organizationId: app.organizationId, message: "announcement" }),
  );
  assert.deepEqual(await round(), [], "once");
});

test("what comes meanwhile waits for the next mail, a quarter of an hour later, or what the setting says", async () => {
  const { groupId, author } = await newGroup();
  await decider(groupId, 1, "batch");
  await done(submit(groupId, author));
  assert.equal((await round()).length, 1);
  app.advanceClock(minute);
  await done(submit(groupId, author));
  await done(submit(groupId, author));
  app.advanceClock(14 * minute - 1);
  assert.equal((await round()).length, 0);
  app.advanceClock(1);
  const [mail] = await round();
  assert.match(mail!.subject, /3 topics wait/);
  await done(submit(groupId, author));
  await send("PATCH", "/v1/organization", { settings: { pendingMailMinutes: 60 } });
  app.advanceClock(59 * minute);
  assert.equal((await round()).length, 0);
  app.advanceClock(minute);
  assert.equal((await round()).length, 1);
  await send("PATCH", "/v1/organization", { settings: { pendingMailMinutes: 0 } });
  await done(submit(groupId, author));
  app.advanceClock(48 * hour);
  assert.equal((await round()).length, 0, "switched off");
  await send("PATCH", "/v1/organization", { settings: { pendingMailMinutes: null } });
});

test("what waits for a day is told again, once a day, and no longer than it waits", async () => {
  const { groupId, author } = await newGroup();
  await decider(groupId, 1, "slow");
  const { id } = await done(submit(groupId, author));
  assert.equal((await round()).length, 1);
  app.advanceClock(24 * hour - 1);
  assert.equal((await round()).length, 0);
  app.advanceClock(1);
  const [mail] = await round();
  assert.match(mail!.subject, /REMINDER: 1 topic waits for your decision/);
  app.advanceClock(23 * hour);
  assert.equal((await round()).length, 0);
  app.advanceClock(hour);
  assert.equal((await round()).length, 1);
  await send("PATCH", "/v1/organization", { settings: { remindAfterHours: 0 } });
  app.advanceClock(48 * hour);
  assert.equal((await round()).length, 0, "switched off");
  await send("PATCH", "/v1/organization", { settings: { remindAfterHours: null } });
  const body = { version: 1, decidedBy: "Kim" };
  await done(app.inject({ method: "POST", url: `/v1/pending/${id}/approve`, body }), 200);
  assert.equal((await round()).length, 0);
});

test("network administrators get announcements of groups that nobody else can decide for", async () => {
  const { groupId, author } = await newGroup();
  const { groupId: other, author: otherAuthor } = await newGroup();
  await decider("G1", 2, "everywhere");
  await decider(other, 3, "local");
  await addUser({ emails: [], memberships: [{ groupId, role: 1 }] }).catch(() => undefined);
  const optedOut = await decider(groupId, 1, "optout");
  await send("POST", "/v1/opt-outs", { email: "OptOut@x.org" });
  await done(submit(groupId, author));
  await done(submit(other, otherAuthor));
  const sent = await round();
  assert.deepEqual(recipients(sent), ["everywhere@x.org", "local@x.org"]);
  assert.match(sent.find(({ to }) => to.includes("everywhere@x.org"))!.subject, /1 topic waits/);
  assert.ok(optedOut);
});

test("what is published, expired, or waits in another organization is told to nobody", async () => {
  const { groupId, author } = await newGroup();
  const full = await decider(groupId, 1, "quiet");
  await done(submit(groupId, full));
  const soon = new Date(app.dependencies.clock().getTime() + minute).toISOString();
  await done(submit(groupId, author, { publishBefore: soon }));
  app.advanceClock(minute);
  assert.deepEqual(await round(), []);
  const { organizationId } = await addOrganization();
  await owner.query(
    `insert into memberships (organization_id, user_id, group_id, role, role_owner, claims, since)
     values ($1, $2, $3, 1, 0, 1, now())`,
    [organizationId, full, groupId],
  );
  await done(submit(groupId, author));
  assert.deepEqual(recipients(await round()), ["quiet@x.org"]);
});

test("two processes at once tell everybody once, and a mail names ten items and counts the rest", async () => {
  const { groupId, author } = await newGroup();
  await decider(groupId, 1, "busy");
  for (let index = 0; index < 12; index += 1) await done(submit(groupId, author, { subject: `Topic ${index}` }));
  mails.length = 0;
  await Promise.all([1, 2, 3].map(() => announcePending(owner, app.dependencies.clock())));
  await deliverAnnouncements(delivery);
  assert.equal(mails.length, 1);
  assert.match(mails[0]!.text, /Topic 9\n- and 2 more\n/);
  assert.doesNotMatch(mails[0]!.text, /Topic 10/);
});

test("somebody who is deleted before the mail goes gets none, and without a mail server there is a line in the log", async () => {
  const { groupId, author } = await newGroup();
  const gone = await decider(groupId, 1, "gone");
  await decider(groupId, 1, "stays");
  await done(submit(groupId, author));
  mails.length = 0;
  await announcePending(owner, app.dependencies.clock());
  await send("DELETE", `/v1/users/${gone}`);
  await deliverAnnouncements({ ...delivery, sendMail: undefined });
  assert.deepEqual([mails.length, lines.length], [0, 2]);
  assert.ok(!JSON.stringify(lines).includes("x.org"));
  await deliverAnnouncements(delivery);
  assert.equal(mails.length, 0);
});
