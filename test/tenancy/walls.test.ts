/**
 * No request of one organization reads, changes or counts anything of another, or tells whether it is there. Two walls see
 * to that, the conditions of the statements and row-level security; each of them has to be enough.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startTestApp } from "../support/app.ts";
import { createTestDatabase } from "../support/database.ts";
import { readContract } from "./contract.ts";
import { requestOf, type Walk, walk } from "./walk.ts";
import { setSecondWall, takeFirstWallDown, withoutFirstWall } from "./walls.ts";
import { buildWorld } from "./world.ts";

const database = await createTestDatabase({ after });
const app = await startTestApp(database);
const world = await buildWorld(app, database.owner, (part, operation) =>
  app.inject(requestOf(part, operation, { places: [] }, "own")),
);
let walked: Walk;
const isShown = /something of the neighbour is shown/;
const isChanged = /: changed [\w, ]+ of the neighbour/;

/** The ways to see or change the neighbour without any wall. */
const leaks = {
  listUsers: isShown,
  exportUsers: isShown,
  listGroups: isShown,
  listImports: isShown,
  getReach: isShown,
  listPermissionsV2: isShown,
  getUser: isShown,
  getImportResponse: isShown,
  // Other writes fail on the keys of the change log, as two organizations get the same numbers.
  revokeApiKey: isChanged,
};

test("identifiers of another organization are answered as unknown ones by every address, and nothing of it changes", async () => {
  walked = await walk(app, database.owner, world);
  assert.deepEqual(walked.findings, []);
  assert(walked.answers.size > 300, `${walked.answers.size} requests`);
});

test("every list is asked with a cursor of another organization", () => {
  const without = world.operations
    .filter(({ queryPlaces }) => queryPlaces.some(({ name }) => name === "cursor"))
    .filter((operation) => world.identifierOf(operation, { kind: "cursor" }, "foreign") === undefined);
  assert.deepEqual(
    without.map(({ id }) => id),
    [],
  );
});

test("a new address, parameter or property of a body is noticed until the samples cover it", async () => {
  const { json: contract } = await app.inject({ url: "/openapi.json", key: null });
  contract.paths["/v1/novelties/{id}"] = {
    put: {
      operationId: "putNovelty",
      parameters: [{ in: "query", name: "authorId" }],
      requestBody: {
        content: { "application/json": { schema: { type: "object", properties: { groupId: { type: "string" } } } } },
      },
    },
  };
  contract.components.schemas.NewGroup.properties.ownerId = { anyOf: [{ type: "string" }, { type: "null" }] };
  assert.deepEqual(
    readContract(contract).gaps.sort(),
    [
      "samples: ownerId is in the body of createGroup: give it a place, or add it to plainProperties.",
      "pathParameters: say what novelties/{id} of putNovelty is.",
      "parameters: say what authorId (query of putNovelty) is, or null.",
      "samples: give putNovelty a body.",
    ].sort(),
  );
});

test("without the first wall, the second one alone lets every request have the same answer", async () => {
  const open = await startTestApp(database);
  const { changed } = takeFirstWallDown(open.dependencies.database.requests.pool);
  assert.deepEqual((await walk(open, database.owner, world, walked)).findings, []);
  assert(changed.size > 100, `${changed.size} statements were changed`);
});

test("without the second wall, the first one alone lets every request have the same answer", async (t) => {
  await setSecondWall(database.owner, false);
  t.after(() => setSecondWall(database.owner, true));
  assert.deepEqual((await walk(app, database.owner, world, walked)).findings, []);
});

test("without both, much is shown and changed: the walk would notice", async (t) => {
  await setSecondWall(database.owner, false);
  t.after(() => setSecondWall(database.owner, true));
  const open = await startTestApp(database);
  takeFirstWallDown(open.dependencies.database.requests.pool);
  for (const [id, finding] of Object.entries(leaks)) {
    const operations = world.operations.filter((operation) => operation.id === id);
    const { findings } = await walk(open, database.owner, { ...world, operations }, walked);
    assert.match(findings.join("\n"), finding, id);
  }
});

test("the first wall is taken out of statements, and what is inserted keeps its organization", () => {
  for (const [statement, expected] of [
    [
      "select * from users where organization_id = $1 and id = $2",
      "select * from users where ($1::integer is not null) and id = $2",
    ],
    [
      "delete from memberships m using x where m.organization_id=7 and true",
      "delete from memberships m using x where true and true",
    ],
    [
      `select "public"."groups"."name" from "public"."groups" where "public"."groups"."organization_id" = $3`,
      `select "public"."groups"."name" from "public"."groups" where ($3::integer is not null)`,
    ],
    [
      "update organizations set version = 2 where id = $1",
      "update organizations set version = 2 where ($1::integer is not null)",
    ],
    [
      "insert into users (organization_id, id) values ($1, $2)",
      "insert into users (organization_id, id) values ($1, $2)",
    ],
    [
      "select from a join b on b.organization_id = a.organization_id",
      "select from a join b on b.organization_id = a.organization_id",
    ],
  ] as const) {
    assert.equal(withoutFirstWall(statement), expected);
  }
});
