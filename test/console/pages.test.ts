import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { startDirectoryTest } from "../directory/setup.ts";
import { linkFor } from "../support/sign-in.ts";
import { skipWithoutBrowser, useBrowser, withConsole } from "./browser.ts";

describe("the pages of the console", { skip: skipWithoutBrowser }, async () => {
  if (skipWithoutBrowser) return;
  const { app, send, addUser } = await startDirectoryTest(withConsole);
  const browser = useBrowser();
  const signIn = async (userId: string) => browser.signIn(`${app.url}${await linkFor(app, userId)}`);
  let administrator: { readonly id: string };

  before(async () => {
    for (const groupId of ["ADMIN", "CHESS"]) await send("POST", "/v1/groups", { groupId, name: `Group ${groupId}` });
    administrator = await addUser({ firstName: "Kim", lastName: "Park", memberships: [{ groupId: "ADMIN", role: 2 }] });
    await send("POST", "/v1/locations", { name: "Main", groups: ["CHESS"] });
    await send("PUT", "/v1/sources/banner", {});
  });

  test("are accessible and report no error, in light and dark colours and on a phone", async () => {
    const { page, check } = await signIn(administrator.id);
    const paths = [
      "/people/new",
      "/groups/CHESS",
      "/groups/new",
      "/locations",
      "/sources",
      "/sources/banner",
      "/settings",
    ];
    for (const path of [...paths, "/audit", "/people"]) {
      await page.goto(app.url + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForLoadState("networkidle");
      await check();
    }
    await page.setViewportSize({ width: 390, height: 800 });
    await page.emulateMedia({ colorScheme: "dark" });
    await page.reload();
    await page.getByRole("button", { name: "Open the navigation" }).click();
    await page.getByRole("link", { name: "People", exact: true }).waitFor();
    await check();
  });

  test("correct a person, and tell if somebody else changed the person meanwhile", async () => {
    const jane = await addUser({ firstName: "Jane", lastName: "Doe" });
    const { page, check } = await signIn(administrator.id);
    await page.getByRole("link", { name: "People", exact: true }).click();
    await page.getByRole("searchbox").fill("Jane");
    await page.waitForURL("**/people?query=Jane");
    await page.getByText("Kim Park").waitFor({ state: "detached" });
    await page.getByRole("link", { name: "Jane Doe" }).click();
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByRole("textbox", { name: "Phones" }).fill("+1 802 555 0142");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("+18025550142").waitFor();
    await check();
    await page.getByRole("button", { name: "Edit" }).click();
    await send("PATCH", `/v1/users/${jane.id}`, { lastName: "Roe" });
    await page.getByRole("textbox", { name: "Last name" }).fill("Moe");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").waitFor();
    const { lastName, phones } = await send("GET", `/v1/users/${jane.id}`);
    assert.deepEqual([lastName, phones[0].number], ["Roe", "+18025550142"]);
  });

  test("map the columns of a sample to fields, and save the mapping", async () => {
    const { page, check } = await signIn(administrator.id);
    await page.goto(`${app.url}/sources/banner`);
    const sample = "EMPLID,FIRST,MAIL\n900001,Ada,ada@campus.edu\n";
    await page
      .locator("input[type=file]")
      .setInputFiles({ name: "sample.csv", mimeType: "text/csv", buffer: Buffer.from(sample) });
    for (const [field, column] of [
      ["Database ID", "EMPLID"],
      ["First name", "FIRST"],
      ["E-mail", "MAIL"],
    ] as const) {
      await page
        .getByRole("combobox", { name: field })
        .or(page.getByRole("textbox", { name: field }))
        .click();
      await page.getByRole("option", { name: column }).click();
    }
    const table = page.getByRole("table", { name: "First rows of the sample" });
    await table.getByText("ada@campus.edu").waitFor();
    await check();
    await page.getByRole("button", { name: "Save the mapping" }).click();
    await page.getByText("The mapping was saved.").waitFor();
    const { mapping } = await send("GET", "/v1/sources/banner");
    assert.deepEqual(mapping, { fields: { databaseID: "EMPLID", firstName: "FIRST", email: "MAIL" } });
  });

  test("show a group administrator their groups only, without what they may not do", async () => {
    const chair = await addUser({ firstName: "Lee", memberships: [{ groupId: "CHESS", role: 1 }] });
    const { page, check } = await signIn(chair.id);
    const navigation = page.getByRole("navigation", { name: "Pages" }).getByRole("link");
    assert.deepEqual(await navigation.allTextContents(), ["Pending", "My groups", "My page"]);
    await page.getByRole("link", { name: "My groups" }).click();
    await page.getByRole("link", { name: "CHESS" }).click();
    await page.getByRole("heading", { name: "Group CHESS" }).waitFor();
    await check();
    assert.equal(await page.getByRole("button", { name: /Purge|Delete/ }).count(), 0);
    await page.goto(`${app.url}/settings`);
    await page.getByText("There is no such page").waitFor();
  });

  test("show people what is stored about them, and let them ask to join a group", async () => {
    const member = await addUser({ firstName: "Ada", phones: [{ number: "+18025550177" }] });
    await send("POST", "/v1/groups", { groupId: "BAND", name: "Brass Band", privacy: 2 });
    const { page, check } = await signIn(member.id);
    await page.getByRole("heading", { name: "My page" }).waitFor();
    await page.getByText("+18025550177 (texts and calls)").waitFor();
    await page.getByRole("button", { name: "Ask to join Brass Band" }).click();
    await page.getByText("You asked to join Brass Band.").waitFor();
    await check();
    const { items } = await send("GET", "/v1/pending?type=membership");
    assert.equal(items[0].requestedBy.userId, member.id);
    assert.deepEqual(await page.getByRole("navigation").getByRole("link").allTextContents(), ["My page"]);
  });
});
