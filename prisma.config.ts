import { defineConfig } from "prisma/config";

// `generate` needs no schema engine, yet the CLI downloads one first. Pointing it at any executable
// keeps installation offline; the commands that do need the engine are left alone.
if (process.argv.includes("generate")) process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  ...(process.env.DATABASE_URL ? { datasource: { url: process.env.DATABASE_URL } } : {}),
});
