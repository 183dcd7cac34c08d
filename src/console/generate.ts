/** Writes the types of the API's client from the OpenAPI document, without the parts that the console does not use. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";

type Operation = { responses: Record<string, unknown> };

const directory = import.meta.dirname;
const text = await readFile(join(directory, "../../openapi/openapi.json"), "utf8");
const document = JSON.parse(text) as OpenAPI3 & { paths: Record<string, Record<string, Operation>> };

for (const [path, operations] of Object.entries(document.paths)) {
  if (path.startsWith("/api/v2")) {
    delete document.paths[path];
    continue;
  }
  for (const { responses } of Object.values(operations)) {
    for (const status of Object.keys(responses)) {
      // The client throws problems, so their answers have no types of their own.
      if (Number(status) >= 400) delete responses[status];
    }
  }
}

await mkdir(join(directory, "generated"), { recursive: true });
await writeFile(
  join(directory, "generated/api.d.ts"),
  astToString(await openapiTS(document, { defaultNonNullable: false })),
);
