import { Counter, Histogram, type Registry } from "prom-client";
import type { ImportResource } from "../../reconcile/attempts/import-resource.ts";

/** The counters of /metrics. No label contains anything about a person or an organization. */
export interface Metrics {
  /** In the text format of Prometheus. */
  readonly render: () => Promise<string>;
  readonly contentType: string;
  /** @param route the route's pattern; @param seconds from the request's headers to the answer's last byte */
  readonly requestDone: (method: string, route: string, status: number | "aborted", seconds: number) => void;
  /** @param counts null when nothing was read */
  readonly importDone: (
    kind: ImportResource["kind"],
    status: ImportResource["status"],
    counts: ImportResource["counts"],
  ) => void;
}

/**
 * Sets up the service's metrics.
 * @param registry where they are kept; whatever else it holds is rendered, too
 */
export function createMetrics(registry: Registry): Metrics {
  const requests = new Histogram({
    name: "muster_http_request_duration_seconds",
    help: "Time from a request's headers to the last byte of its answer.",
    labelNames: ["method", "route", "status"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers: [registry],
  });
  const imports = new Counter({
    name: "muster_imports_total",
    help: "Imports that were done, by kind and final status.",
    labelNames: ["kind", "status"],
    registers: [registry],
  });
  const rows = new Counter({
    name: "muster_import_rows_total",
    help: "Rows of imports that were applied: read, failed, and applied with a warning.",
    labelNames: ["kind", "outcome"],
    registers: [registry],
  });
  return {
    render: () => registry.metrics(),
    contentType: registry.contentType,
    requestDone: (method, route, status, seconds) => {
      requests.observe({ method, route, status: String(status) }, seconds);
    },
    importDone: (kind, status, counts) => {
      imports.inc({ kind, status });
      if (status !== "applied" || counts === null) return;
      rows.inc({ kind, outcome: "read" }, counts.rows);
      rows.inc({ kind, outcome: "failed" }, counts.failed);
      rows.inc({ kind, outcome: "warning" }, counts.warnings);
    },
  };
}
