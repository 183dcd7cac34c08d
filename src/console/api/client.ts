import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "../generated/api.d.ts";

export type Schemas = components["schemas"];

/** A problem that the service answered with, or the failure to reach it. */
export class ApiProblem extends Error {
  readonly code: string;
  readonly status: number;
  readonly problem: Partial<Schemas["Problem"]>;

  constructor(problem: Partial<Schemas["Problem"]>) {
    super(problem.detail ?? problem.title ?? "The service did not answer. Check the connection, then try again.");
    this.code = problem.code ?? "unreachable";
    this.status = problem.status ?? 0;
    this.problem = problem;
  }
}

const throwProblems: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return;
    throw await problemOf(response);
  },
  onError() {
    return new ApiProblem({});
  },
};

/** Reads the problem of an answer that failed. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const isProblem = response.headers.get("content-type")?.includes("json") ?? false;
  const body: unknown = isProblem ? await response.json() : undefined;
  const status = response.status;
  return new ApiProblem(
    typeof body === "object" && body !== null
      ? { status, ...body }
      : { status, detail: `The service answered with status ${status}. Try again.` },
  );
}

/** The API's client. Its answers are data: a problem is thrown as {@link ApiProblem}. */
export const api = createClient<paths, "application/json">({ baseUrl: "/", headers: { "Muster-Request": "1" } });
api.use(throwProblems);

/** The data of an answer, whose problems were thrown already. */
export async function dataOf<Data>(answer: Promise<{ data?: Data }>): Promise<Data> {
  const { data } = await answer;
  return data as Data;
}
