import { after } from "node:test";
import { createTestDatabase } from "./database.ts";

/** The database against which the folders' statements are prepared. It has no rows that matter. */
export const statementDatabase = await createTestDatabase({ after });
