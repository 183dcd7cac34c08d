import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client.ts";
import { useList } from "./lists.ts";
import { ifVersion } from "./users.ts";

export type Organization = Schemas["Organization"];
export type Settings = Organization["settings"];
export type ApiKey = Schemas["ApiKey"];
export type NewApiKey = Schemas["NewApiKey"];
export type AuditEntry = Schemas["AuditEntry"];

/** The organization and its settings. */
export function useOrganization() {
  return useQuery({
    queryKey: ["organization"],
    queryFn: ({ signal }) => dataOf(api.GET("/v1/organization", { signal })),
  });
}

/** Changes settings of the version that was shown. */
export function useSettingsEdit(organization: Organization) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (settings: Schemas["OrganizationPatch"]["settings"]) =>
      dataOf(api.PATCH("/v1/organization", { params: { header: ifVersion(organization) }, body: { settings } })),
    onSuccess: (changed) => client.setQueryData(["organization"], changed),
    onSettled: () => client.invalidateQueries(),
  });
}

/** How many people each channel reaches, and the first ten whom nothing reaches. */
export function useOrganizationReach() {
  return useQuery({
    queryKey: ["reach"],
    queryFn: ({ signal }) =>
      dataOf(api.GET("/v1/organization/reach", { params: { query: { reason: "unreachable", limit: 10 } }, signal })),
  });
}

/** API keys. */
export function useApiKeys() {
  return useList(["api-keys"], (cursor, signal) =>
    dataOf(api.GET("/v1/api-keys", { params: { query: { cursor } }, signal })),
  );
}

/** Creates and revokes API keys. */
export function useApiKeyEdits() {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries({ queryKey: ["api-keys"] });
  const add = useMutation({
    mutationFn: (body: NewApiKey) => dataOf(api.POST("/v1/api-keys", { body })),
    onSettled,
  });
  const revoke = useMutation({
    mutationFn: (id: string) => dataOf(api.DELETE("/v1/api-keys/{id}", { params: { path: { id } } })),
    onSettled,
  });
  return { add, revoke };
}

/** The audit log, the newest first. */
export function useAudit(filter: { readonly actor?: string }) {
  return useList(["audit", filter], (cursor, signal) =>
    dataOf(api.GET("/v1/audit", { params: { query: { ...filter, cursor } }, signal })),
  );
}
