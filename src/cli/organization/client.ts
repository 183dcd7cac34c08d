import { CommandError, exitStatus } from "../exit-status.ts";
import { type Answer, type Api, type Call, documentOf, NotReached, refusal } from "../service/api.ts";
import type { IdentityProviderDocument, OrganizationDocument } from "./report.ts";

/** Speaks to the service about organizations. Nothing is tried again: what was asked may have happened. */
export interface OrganizationClient {
  list(): Promise<OrganizationDocument[]>;
  get(id: string): Promise<OrganizationDocument>;
  create(name: string): Promise<OrganizationDocument & { readonly adminKey: AdminKeyDocument }>;
  rename(id: string, name: string): Promise<OrganizationDocument>;
  setIdentityProvider(id: string, provider: IdentityProviderDocument): Promise<OrganizationDocument>;
  removeIdentityProvider(id: string): Promise<void>;
  issueKey(id: string, revokeOthers: boolean): Promise<AdminKeyDocument & { readonly revoked: number }>;
  delete(id: string, expectedUsers: number): Promise<void>;
}

/** A key that the service shows once. */
export interface AdminKeyDocument {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly createdAt: string;
}

/** In milliseconds; deleting a large organization takes a while. */
const patience = 10 * 60_000;

const base = "/v1/organizations";
const addressOf = (id: string) => `${base}/${encodeURIComponent(id)}`;
const providerOf = (id: string) => `${addressOf(id)}/identity-provider`;

/**
 * Makes the client. What it does throws CommandError: `refused` when the service says no, `unreachable` when nobody
 * answers.
 */
export function createOrganizationClient(api: Api, signal: AbortSignal): OrganizationClient {
  const ask = async (method: Call["method"], path: string, body?: object): Promise<Answer> => {
    const answer = await api
      .send({
        ...{ method, path, patience, signal },
        ...(body === undefined ? {} : { body: jsonBody(body), headers: { "content-type": "application/json" } }),
      })
      .catch(explainSilence);
    if (answer.status >= 300) throw refusal(answer);
    return answer;
  };
  return {
    list: async () => {
      const organizations: OrganizationDocument[] = [];
      let query = "?limit=1000";
      for (;;) {
        const page = documentOf<{ items: OrganizationDocument[]; nextCursor: string | null }>(
          await ask("GET", `${base}${query}`),
        );
        organizations.push(...page.items);
        if (page.nextCursor === null) return organizations;
        query = `?limit=1000&cursor=${encodeURIComponent(page.nextCursor)}`;
      }
    },
    get: async (id) => documentOf(await ask("GET", addressOf(id))),
    create: async (name) => documentOf(await ask("POST", base, { name })),
    rename: async (id, name) => documentOf(await ask("PATCH", addressOf(id), { name })),
    setIdentityProvider: async (id, provider) => documentOf(await ask("PUT", providerOf(id), provider)),
    removeIdentityProvider: async (id) => {
      await ask("DELETE", providerOf(id));
    },
    issueKey: async (id, revokeOthers) => documentOf(await ask("POST", `${addressOf(id)}/admin-key`, { revokeOthers })),
    delete: async (id, expectedUsers) => {
      await ask("DELETE", `${addressOf(id)}?expectedUsers=${expectedUsers}`);
    },
  };
}

async function* jsonBody(body: object): AsyncGenerator<Uint8Array> {
  yield Buffer.from(JSON.stringify(body), "utf8");
}

function explainSilence(error: unknown): never {
  if (!(error instanceof NotReached)) throw error;
  const mayHaveHappened = error.wasConnected
    ? ' It may have been done all the same: look at "muster organization list".'
    : "";
  throw new CommandError(
    exitStatus.unreachable,
    `The service could not be reached: ${error.message}.${mayHaveHappened}`,
  );
}
