/** A campus with every kind of change that a copy has to follow. */
import type { TestApp } from "../support/app.ts";

/** Changes something, or tries to: a refused request changes nothing. */
export type Step = (app: TestApp, one: number, other: number) => Promise<unknown>;

const send = (app: TestApp, method: "POST" | "PUT" | "PATCH" | "DELETE", url: string, body?: object) =>
  app.inject({ method, url, ...(body ? { body } : {}) });

const groupOf = (number: number) => `G${number % 6}`;
const locationOf = (number: number) => `Hall ${number % 4}`;
const userOf = (number: number) => String(1 + (number % 12));
let people = 0;

/** Names, some of which CSV has to quote. */
const names = ["Ann", 'O"Neil', "Lee, Jr.", " padded ", "Zoë", "𝒳", "=1+1", ""];

/** Every way in which users, groups, memberships and locations change. */
export const steps: Readonly<Record<string, Step>> = {
  addUser: (app, one, other) => {
    people += 1;
    const emails = [`p${people}@x.edu`, `q${people}@x.edu`].slice(0, 1 + (one % 2));
    const memberships = [{ groupId: groupOf(one), role: other % 2 }];
    return send(app, "POST", "/v1/users", { firstName: names[one % 8] || "Nn", emails, memberships });
  },
  patchUser: (app, one, other) =>
    send(app, "PATCH", `/v1/users/${userOf(one)}`, {
      lastName: names[other % 8],
      location: other % 3 === 0 ? null : locationOf(other),
      ...(other % 2 === 0 ? { address: `Line 1\r\nLine ${other}` } : { customFields: ["a", `${one}`] }),
      ...(other % 5 === 0 ? { phones: [{ number: "(212) 555-0123" }], showAllGroups: one % 2 === 0 } : {}),
    }),
  deleteUser: (app, one) => send(app, "DELETE", `/v1/users/${userOf(one)}`),
  importUsers: (app, one, other) =>
    send(app, "POST", "/v1/imports/users", {
      users: [0, 1, 2].map((index) => ({
        firstName: `I${other}`,
        email: `i${(one + index) % 5}@x.edu`,
        databaseID: `D${(one + index) % 5}`,
        groupID: `${groupOf(one + index)};${groupOf(other)}`,
        location: locationOf(other),
      })),
    }),
  removeUsers: (app, one) =>
    send(app, "POST", "/v1/imports/users", {
      users: [{ email: `i${one % 5}@x.edu`, databaseID: `D${one % 5}`, groupID: "00000" }],
    }),
  addGroup: (app, one, other) =>
    send(app, "POST", "/v1/groups", { groupId: groupOf(one), name: `N${groupOf(one)}`, category: 1 + (other % 9) }),
  patchGroup: (app, one, other) =>
    send(app, "PATCH", `/v1/groups/${groupOf(one)}`, {
      description: other % 2 === 0 ? 'two\nlines, "quoted"' : "",
      parentGroupId: other % 3 === 0 ? null : groupOf(other),
      guardPercent: other % 4 === 0 ? 0 : null,
      default: other % 7 === 0,
    }),
  deleteGroup: (app, one) => send(app, "DELETE", `/v1/groups/${groupOf(one)}`),
  purgeGroup: (app, one) => send(app, "POST", `/v1/groups/${groupOf(one)}/purge`, {}),
  importGroups: (app, one, other) =>
    send(app, "POST", "/v1/imports/groups", {
      groups: [
        { groupID: groupOf(one), name: `N${groupOf(one)}`, description: `d${other}` },
        { action: "delete", groupID: groupOf(one + 3) },
      ],
    }),
  join: (app, one, other) =>
    send(app, "PUT", `/v1/groups/${groupOf(one)}/members/${userOf(other)}`, { role: (one + other) % 2 }),
  leave: (app, one, other) => send(app, "DELETE", `/v1/groups/${groupOf(one)}/members/${userOf(other)}`),
  addLocation: (app, one) => send(app, "POST", "/v1/locations", { name: locationOf(one) }),
  renameLocation: (app, one, other) =>
    send(app, "PATCH", `/v1/locations/${encodeURIComponent(locationOf(one))}`, {
      name: locationOf(other),
      ...(other % 2 === 0 ? { groups: [] } : {}),
    }),
  patchLocation: (app, one, other) =>
    send(app, "PATCH", `/v1/locations/${encodeURIComponent(locationOf(one))}`, { groups: [groupOf(other)] }),
  deleteLocation: (app, one) => send(app, "DELETE", `/v1/locations/${encodeURIComponent(locationOf(one))}`),
  optOut: (app, one) => send(app, "POST", "/v1/opt-outs", { email: `p${one}@x.edu` }),
};

/** Fills the campus with a few of each. */
export async function fillCampus(app: TestApp): Promise<void> {
  for (let number = 0; number < 6; number += 1) {
    await steps.addGroup!(app, number, number);
    await steps.addLocation!(app, number, 0);
    await steps.addUser!(app, number, number + 1);
    await steps.importUsers!(app, number, number + 2);
  }
}
