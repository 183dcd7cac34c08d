import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { startDirectoryTest } from "../directory/setup.ts";
import { linkFor } from "../support/sign-in.ts";
import { skipWithoutBrowser, useBrowser, withConsole } from "./browser.ts";

const roster = (count: number): string =>
  [
    "databaseID,firstName,lastName,email,groupID",
    ...Array.from({ length: count }, (_, at) => `${1000 + at},First${at},Last${at},user${at}@campus.edu,STUDENTS`),
  ].join("\n");

describe("the console", { skip: skipWithoutBrowser }, async () => {
  if (skipWithoutBrowser) return;
  const { app, send, addUser } = await startDirectoryTest(withConsole);
  const browser = useBrowser();
  const link = async (userId: string) => `${app.url}${await linkFor(app, userId)}`;
  let administrator: { readonly id: string };

  before(async () => {
    await send("PATCH", "/v1/organization", { settings: { createGroups: ["*"] } });
    for (const groupId of ["ADMIN", "CHESS"])
      await send("POST", "/v1/groups", { groupId, privacy: 2, postApproval: true });
    administrator = await addUser({
      firstName: "Kim",
      lastName: "Park",
      memberships: [{ groupId: "ADMIN", role: 2 }],
    });
  });

  const importRoster = (count: number) =>
    app.inject({
      method: "POST",
      url: "/v1/imports/users?style=purge",
      headers: { "content-type": "text/csv", accept: "application/json" },
      body: roster(count),
    });

  test("leads from Today to a held import, which an administrator approves with a reason", async () => {
    await importRoster(40);
    const held = (await importRoster(20)).json;
    assert.equal(held.status, "held");
    const { page, check } = await browser.signIn(await link(administrator.id));
    await page.getByRole("link", { name: /Held imports/ }).click();
    await check();
    await page.getByRole("link", { name: /from default/ }).click();
    await page
      .getByText(/20 people would be deleted/)
      .first()
      .waitFor();
    await check();
    await page.getByRole("button", { name: "Approve…" }).click();
    await page.getByRole("textbox", { name: "Reason" }).fill("End of term");
    await page.getByRole("button", { name: "Approve and apply" }).click();
    await page.getByText(/Approved by Kim Park.*: End of term/).waitFor();
    await check();
    const { decision, status } = (await app.inject({ url: `/v1/imports/${held.id}` })).json;
    assert.deepEqual([status, decision.decidedBy, decision.reason], ["applied", "Kim Park", "End of term"]);
  });

  test("tells an administrator that another one has decided meanwhile", async () => {
    const author = await addUser({ firstName: "Mei", memberships: [{ groupId: "CHESS" }] });
    const topic = await send("POST", "/v1/groups/CHESS/topics", {
      author: author.id,
      subject: "Tournament",
      body: "On Friday",
      channels: ["email"],
    });
    const { page, check } = await browser.signIn(await link(administrator.id));
    await page.getByRole("link", { name: "Pending", exact: true }).click();
    await page.getByText("On Friday").waitFor();
    await check();
    await send("POST", `/v1/pending/${topic.id}/reject`, { version: 1, decidedBy: "Lee Ray", reason: "Not this week" });
    await page.getByRole("button", { name: "Approve", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Approve" }).click();
    await page.getByText(/Lee Ray has decided already/).waitFor();
    await page.getByRole("button", { name: "Close" }).last().click();
    await page.getByText("Nothing waits for you.").waitFor();
  });

  test("shows what a file would change before it is imported", async () => {
    const { page, check } = await browser.signIn(await link(administrator.id));
    await page.getByRole("link", { name: "Imports", exact: true }).click();
    await page.getByRole("link", { name: "Import a file" }).click();
    await check();
    const content = "firstName,lastName,email,groupID\nAda,Newcomer,ada@campus.edu,STUDENTS\n";
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "new.csv", mimeType: "text/csv", buffer: Buffer.from(content) });
    await page.getByRole("button", { name: "Show what would change" }).click();
    await page.getByText("This was a dry run: nothing has changed").waitFor();
    await page.getByText("Ada Newcomer").waitFor();
    await check();
    const before = await app.inject({ url: "/v1/users?email=ada@campus.edu" });
    assert.deepEqual(before.json.items, []);
    await page.getByRole("button", { name: "Import new.csv now" }).click();
    await page.getByText("Applied", { exact: true }).first().waitFor();
    const after = await app.inject({ url: "/v1/users?email=ada@campus.edu" });
    assert.equal(after.json.items[0].lastName, "Newcomer");
  });

  test("shows nothing but the way to sign in to visitors", async () => {
    const answer = await app.inject({ url: "/", key: null });
    assert.match(String(answer.headers["content-security-policy"]), /script-src 'self'; style-src 'self' 'nonce-/);
    assert.doesNotMatch(answer.body, /__NONCE__/);
    assert.equal(answer.headers["cache-control"], "no-store");
  });
});
