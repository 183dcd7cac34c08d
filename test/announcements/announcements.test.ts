/** Announcements reach people by mail, over a real SMTP server on loopback, and by a line in the log. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { after, beforeEach, test } from "node:test";
import { SMTPServer } from "smtp-server";
import { deliverAnnouncements } from "../../src/announcements/deliver.ts";
import { createMailer } from "../../src/announcements/mailer.ts";
import { announceOverdue } from "../../src/announcements/overdue.ts";
import { startGuardedApp } from "../support/guarded-app.ts";
import { csv } from "../support/rosters.ts";

const { app, database, newSource, range, send, sendApplied, sendHeld } = await startGuardedApp(after);

interface Received {
  readonly to: readonly string[];
  readonly mail: string;
}
const received: Received[] = [];
let refuses = false;
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ["STARTTLS"],
  logger: false,
  onData: (stream, session, done) => {
    void text(stream).then((mail) => {
      if (refuses) return done(Object.assign(new Error("mailbox full"), { responseCode: 452 }));
      received.push({ to: session.envelope.rcptTo.map(({ address }) => address), mail });
      done();
    });
  },
});
server.listen(0, "127.0.0.1");
await once(server.server, "listening");
after(() => new Promise<void>((resolve) => server.close(() => resolve())));
const { port } = server.server.address() as AddressInfo;

const lines: { fields: object; message: string }[] = [];
const write = (fields: object, message: string) => void lines.push({ fields, message });
const delivery = {
  owner: database.owner,
  sendMail: createMailer(`smtp://127.0.0.1:${port}`, "muster@example.edu"),
  clock: app.dependencies.clock,
  log: { info: write, warn: write },
  publicUrl: "https://muster.example.edu",
};

await app.inject({
  method: "PATCH",
  url: "/v1/organization",
  body: { settings: { announceTo: ["it@example.edu", "alerts@example.edu"], timeZone: "America/New_York" } },
});
beforeEach(async () => {
  await deliverAnnouncements(delivery);
  received.length = 0;
  lines.length = 0;
});

/** The text of a mail, with soft line breaks undone. */
const bodyOf = ({ mail }: Received) =>
  mail
    .replace(/=\r\n/g, "")
    .replace(/\r\n/g, "\n")
    .replace(/(?:=[0-9A-F]{2})+/g, (encoded) => decodeURIComponent(encoded.replaceAll("=", "%")));

test("a hold is mailed to those who want to know, and logged without a name", async () => {
  const source = await newSource();
  const roster = range(40);
  await sendApplied(source, csv(roster));
  await deliverAnnouncements(delivery);
  received.length = 0;
  lines.length = 0;
  const held = await sendHeld(source, csv(roster.slice(20)));
  assert.equal(await deliverAnnouncements(delivery), 1);
  const [mail, ...others] = received;
  assert.deepEqual([mail?.to, others], [["it@example.edu", "alerts@example.edu"], []]);
  assert.match(bodyOf(mail!), new RegExp(`^Subject: \\[Muster, Test University\\] HELD: ${source}$`, "m"));
  assert.ok(bodyOf(mail!).includes(held.summary), bodyOf(mail!));
  assert.match(held.summary, /^HELD, removals only: source-\d+, 21 Nov 21:00\./, "on the organization's clocks");
  assert.ok(bodyOf(mail!).includes(`https://muster.example.edu/v1/imports/${held.id}`));
  assert.deepEqual(lines, [
    { fields: { kind: "import_held", organizationId: app.organizationId, importId: held.id }, message: "announcement" },
  ]);
  assert.equal(await deliverAnnouncements(delivery), 0, "once");
});

test("a refused file is announced, with the roster that counts still", async () => {
  const source = await newSource();
  const roster = range(30);
  await sendApplied(source, csv(roster));
  await deliverAnnouncements(delivery);
  received.length = 0;
  const answer = await send(source, csv(roster).slice(0, -15));
  assert.equal(answer.status, 400);
  await deliverAnnouncements(delivery);
  const body = bodyOf(received[0]!);
  assert.match(
    body,
    /^REFUSED, nothing changed: source-\d+\. .*Alerts still use the roster of 21 Nov 21:00 \(30 people\)\.$/m,
  );
});

test("the first roster of a source is announced: from then on it deletes", async () => {
  const source = await newSource();
  const roster = range(3);
  await sendApplied(source, csv(roster));
  await sendApplied(source, csv(roster));
  await deliverAnnouncements(delivery);
  assert.deepEqual(
    received.map((mail) => /^Subject: (.*)$/m.exec(bodyOf(mail))?.[1]),
    [`[Muster, Test University] First roster: ${source}`],
  );
  const normal = await newSource({ style: "normal" });
  await sendApplied(normal, csv(range(3)));
  assert.equal(await deliverAnnouncements(delivery), 0);
});

test("a dry run announces nothing", async () => {
  const source = await newSource();
  await send(source, csv(range(3)).slice(0, -15), "&dryRun=true");
  await sendApplied(source, csv(range(3)), "&dryRun=true");
  assert.equal(await deliverAnnouncements(delivery), 0);
});

test("a mail that the server does not take is tried again, later and later, until it is", async () => {
  const source = await newSource();
  await sendApplied(source, csv(range(3)));
  refuses = true;
  assert.equal(await deliverAnnouncements(delivery), 1);
  assert.equal(await deliverAnnouncements(delivery), 0, "not at once");
  app.advanceClock(21_000);
  assert.equal(await deliverAnnouncements(delivery), 1);
  app.advanceClock(21_000);
  assert.equal(await deliverAnnouncements(delivery), 0, "the second pause is longer");
  refuses = false;
  app.advanceClock(21_000);
  assert.equal(await deliverAnnouncements(delivery), 1);
  assert.equal(received.length, 1);
  const told = lines.filter(({ message }) => message === "announcement");
  assert.equal(told.length, 1, "the log is told once");
  assert.equal(lines.length - told.length, 2);
});

test("without a mail server the log is told", async () => {
  const source = await newSource();
  await sendApplied(source, csv(range(3)));
  assert.equal(await deliverAnnouncements({ ...delivery, sendMail: undefined }), 1);
  assert.deepEqual([lines.length, received.length], [1, 0]);
  app.advanceClock(7_200_000);
  assert.equal(await deliverAnnouncements(delivery), 0);
});

test("a source that does not come as it uses to is overdue, and is announced once", async () => {
  const hour = 3_600_000;
  const source = await newSource();
  const roster = range(3);
  const expectedBy = async () => (await app.inject({ url: `/v1/sources/${source}` })).json.expectedBy;
  for (let night = 0; night < 4; night += 1) {
    assert.equal(await expectedBy(), null, "three imports have no rhythm");
    await sendApplied(source, csv(roster));
    app.advanceClock(24 * hour);
  }
  await deliverAnnouncements(delivery);
  received.length = 0;
  const last = Date.parse((await app.inject({ url: `/v1/sources/${source}` })).json.lastAppliedAt);
  assert.equal(Date.parse(await expectedBy()), last + 30 * hour);
  app.advanceClock(6 * hour - 1);
  await announceOverdue(database.owner, app.dependencies.clock());
  assert.equal(await deliverAnnouncements(delivery), 0);
  app.advanceClock(2);
  for (let look = 0; look < 2; look += 1) await announceOverdue(database.owner, app.dependencies.clock());
  assert.equal(await deliverAnnouncements(delivery), 1);
  assert.match(
    bodyOf(received[0]!),
    new RegExp(`^OVERDUE: ${source}\\. Its last file was applied at .* Alerts still use the old roster\\.`, "m"),
  );
  // It comes late, and is missed again another time.
  await sendApplied(source, csv(roster));
  app.advanceClock(48 * hour);
  await announceOverdue(database.owner, app.dependencies.clock());
  assert.equal(await deliverAnnouncements(delivery), 1);
});
