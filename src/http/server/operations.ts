import { setTimeout as sleep } from "node:timers/promises";
import sql from "sql-template-tag";
import { z } from "zod";
import { MusterError } from "../../errors.ts";
import type { Database } from "../../store/database.ts";
import { prepared } from "../../store/sql.ts";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "./app-types.ts";
import type { Metrics } from "./metrics.ts";

const patience = 3000;
const healthSchema = z.object({ status: z.literal("ok") }).meta({ examples: [{ status: "ok" }] });

/**
 * Registers the addresses for operators: /healthz, /readyz and /metrics. They need no key and say nothing about
 * organizations or people. To hide them entirely, block them in the proxy in front.
 */
export function operationRoutes(app: App, database: Database, metrics: Metrics): void {
  app.route({
    method: "GET",
    url: "/healthz",
    schema: {
      operationId: "getHealth",
      summary: "Is the process up?",
      description: "Answers as long as the process does, whatever the database does. For a supervisor's restarts.",
      tags: ["Operations"],
      security: [],
      querystring: z.strictObject({}),
      response: { 200: healthSchema.describe("The process answers.") },
    },
    handler: async () => ({ status: "ok" }) as const,
  });

  app.route({
    method: "GET",
    url: "/readyz",
    schema: {
      operationId: "getReadiness",
      summary: "Can the service work?",
      description: "Reports whether the database answers and is set up. For load balancers and start scripts.",
      tags: ["Operations"],
      security: [],
      querystring: z.strictObject({}),
      response: {
        200: healthSchema.describe("The service can work."),
        ...problemResponses("database_unavailable", "shutting_down"),
      },
    },
    handler: async () => {
      await requireDatabase(database);
      return { status: "ok" } as const;
    },
  });

  app.route({
    method: "GET",
    url: "/metrics",
    schema: {
      operationId: "getMetrics",
      summary: "Metrics for Prometheus",
      description: "Counts and durations in the text format of Prometheus. They hold nothing about people.",
      tags: ["Operations"],
      security: [],
      produces: ["text/plain"],
      querystring: z.strictObject({}),
      response: { 200: z.string().describe("The metrics.") },
    },
    handler: async (_request, reply) => reply.header("content-type", metrics.contentType).send(await metrics.render()),
  });
}

/** Asks as the service's own role, so that the connection, the role and the tables are there. */
async function requireDatabase(database: Database): Promise<void> {
  const timer = new AbortController();
  try {
    const answer = database.pool.query(prepared(sql`select from organizations limit 0`)).then(() => true);
    const late = sleep(patience, false, { signal: timer.signal });
    if (await Promise.race([answer, late])) return;
  } catch {
    // Whatever it is: the service cannot work.
  } finally {
    timer.abort();
  }
  throw new MusterError("database_unavailable", "The database does not answer, or is not set up.", { retryAfter: 5 });
}
