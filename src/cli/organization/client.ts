import { askOnce, documentOf } from "../service/answers.ts";
import { type Answer, type Api, type Call, jsonBody } from "../service/api.ts";
import { quoted } from "../text.ts";
import type {
  CreatedDocument,
  IdentityProviderDocument,
  IssuedKeyDocument,
  OrganizationDocument,
} from "./documents.ts";

/**
 * The part of the API that manages organizations. Requests are sent once, and throw CommandError: `refused` when the
 * service says no, `unreachable` when it does not answer.
 */
export interface OrganizationClient {
  list(): Promise<OrganizationDocument[]>;
  get(id: string): Promise<OrganizationDocument>;
  create(name: string): Promise<CreatedDocument>;
  rename(id: string, name: string): Promise<OrganizationDocument>;
  setIdentityProvider(id: string, provider: IdentityProviderDocument): Promise<OrganizationDocument>;
  removeIdentityProvider(id: string): Promise<void>;
  issueKey(id: string, revokeOthers: boolean): Promise<IssuedKeyDocument>;
  delete(id: string, expectedUsers: number): Promise<void>;
}

/** The longest silence of the service, in milliseconds: deleting a large organization takes minutes. */
const timeout = 10 * 60_000;

const base = "/v1/organizations";
const pathOf = (id: string) => `${base}/${encodeURIComponent(id)}`;
const providerOf = (id: string) => `${pathOf(id)}/identity-provider`;

/** Reads an organization from an answer. */
const organizationIn = (answer: Answer) => documentOf<OrganizationDocument>(answer, ["id", "name", "users"]);

/** A request, and the organization that it is about. */
interface Ask {
  readonly method: Call["method"];
  readonly path: string;
  readonly body?: object;
  readonly id?: string;
}

const doubt = 'It may have been done all the same: check with "muster organization list".';

/** @param signal stops a request */
export function createOrganizationClient(api: Api, signal: AbortSignal): OrganizationClient {
  const ask = ({ method, path, body, id = "" }: Ask): Promise<Answer> => {
    const missing = `There is no organization ${quoted(id)}. "muster organization list" lists them.`;
    const call = { method, path, timeout, signal, ...(body === undefined ? {} : jsonBody(body)) };
    return askOnce(api, call, method === "GET" ? { missing } : { missing, doubt });
  };
  return {
    list: () => listAll(ask),
    get: async (id) => organizationIn(await ask({ method: "GET", path: pathOf(id), id })),
    create: async (name) => {
      const answer = await ask({ method: "POST", path: base, body: { name } });
      return documentOf<CreatedDocument>(answer, ["id", "name", "adminKey"]);
    },
    rename: async (id, name) => organizationIn(await ask({ method: "PATCH", path: pathOf(id), body: { name }, id })),
    setIdentityProvider: async (id, provider) =>
      organizationIn(await ask({ method: "PUT", path: providerOf(id), body: provider, id })),
    removeIdentityProvider: async (id) => {
      await ask({ method: "DELETE", path: providerOf(id), id });
    },
    issueKey: async (id, revokeOthers) => {
      const answer = await ask({ method: "POST", path: `${pathOf(id)}/admin-key`, body: { revokeOthers }, id });
      return documentOf<IssuedKeyDocument>(answer, ["id", "key", "revoked"]);
    },
    delete: async (id, expectedUsers) => {
      await ask({ method: "DELETE", path: `${pathOf(id)}?expectedUsers=${expectedUsers}`, id });
    },
  };
}

/** A page of organizations. */
interface Page {
  readonly items: readonly OrganizationDocument[];
  readonly nextCursor: string | null;
}

async function listAll(ask: (request: Ask) => Promise<Answer>): Promise<OrganizationDocument[]> {
  const organizations: OrganizationDocument[] = [];
  let query = "?limit=1000";
  for (;;) {
    const { items, nextCursor } = documentOf<Page>(await ask({ method: "GET", path: `${base}${query}` }), [
      "items",
      "nextCursor",
    ]);
    organizations.push(...items);
    if (nextCursor === null) return organizations;
    query = `?limit=1000&cursor=${encodeURIComponent(nextCursor)}`;
  }
}
