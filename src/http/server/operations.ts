import { z } from "zod";
import { problemResponses } from "../contract/problems.ts";
import type { App } from "./app-types.ts";
import type { HttpDependencies } from "./dependencies.ts";
import type { Metrics } from "./metrics.ts";

const healthSchema = z.object({ status: z.literal("ok") }).meta({ examples: [{ status: "ok" }] });

/**
 * Registers the addresses for operators: /healthz, /readyz and /metrics. They need no key and say nothing about
 * organizations or people. To hide them entirely, block them in the proxy in front.
 */
export function operationRoutes(
  app: App,
  { readiness, clockGuard }: Pick<HttpDependencies, "readiness" | "clockGuard">,
  metrics: Metrics,
): void {
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
      description:
        "Reports whether the database answers and takes changes, the disks have room, and the clocks are plausible. For load balancers and start scripts.",
      tags: ["Operations"],
      security: [],
      querystring: z.strictObject({}),
      response: {
        200: healthSchema.describe("The service can work."),
        ...problemResponses("database_unavailable", "storage_full", "clock_implausible", "shutting_down"),
      },
    },
    handler: async () => {
      const problem = await readiness.problem();
      if (problem !== undefined) throw problem;
      clockGuard?.refuse();
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
