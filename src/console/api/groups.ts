import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client.ts";
import { useList } from "./lists.ts";
import { ifVersion } from "./users.ts";

export type Group = Schemas["Group"];
export type GroupWithMembers = Schemas["GroupWithMembers"];
export type GroupPatch = Schemas["GroupPatch"];
export type NewGroup = Schemas["NewGroup"];
export type Member = Schemas["Member"];
export type UnreachedPerson = Schemas["UnreachedPerson"];

/** Groups in the order of their ids. */
export function useGroups(filter: { readonly query?: string }) {
  return useList(["groups", filter], (cursor, signal) =>
    dataOf(api.GET("/v1/groups", { params: { query: { ...filter, cursor, limit: 200 } }, signal })),
  );
}

/** One group, with its number of members. */
export function useGroup(groupId: string) {
  return useQuery({
    queryKey: ["group", groupId],
    queryFn: ({ signal }) => dataOf(api.GET("/v1/groups/{groupId}", { params: { path: { groupId } }, signal })),
  });
}

/** The members of a group. */
export function useMembers(groupId: string) {
  return useList(["members", groupId], (cursor, signal) =>
    dataOf(
      api.GET("/v1/groups/{groupId}/members", {
        params: { path: { groupId }, query: { cursor, limit: 200 } },
        signal,
      }),
    ),
  );
}

/** How many people of a group each channel reaches, and the people whom some channel does not reach. */
export function useGroupReach(groupId: string) {
  return useList(["group-reach", groupId], (cursor, signal) =>
    dataOf(api.GET("/v1/groups/{groupId}/reach", { params: { path: { groupId }, query: { cursor } }, signal })),
  );
}

/** Creates a group. */
export function useAddGroup() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewGroup) => dataOf(api.POST("/v1/groups", { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["groups"] }),
  });
}

/** Changes, purges and deletes a group. */
export function useGroupEdits({ groupId, version, members }: GroupWithMembers) {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries();
  const params = { path: { groupId }, header: ifVersion({ version }) };
  const change = useMutation({
    mutationFn: (body: GroupPatch) => dataOf(api.PATCH("/v1/groups/{groupId}", { params, body })),
    onSettled,
  });
  const purge = useMutation({
    mutationFn: () => dataOf(api.POST("/v1/groups/{groupId}/purge", { params, body: { expectedMembers: members } })),
    onSettled,
  });
  const remove = useMutation({
    mutationFn: () =>
      dataOf(
        api.DELETE("/v1/groups/{groupId}", { params: { ...params, query: { expectedMembers: String(members) } } }),
      ),
    onSettled,
  });
  return { change, purge, remove };
}

/** Adds, changes and removes single members. */
export function useMemberEdits(groupId: string) {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries();
  const put = useMutation({
    mutationFn: ({ userId, role }: { readonly userId: string; readonly role: number }) =>
      dataOf(
        api.PUT("/v1/groups/{groupId}/members/{userId}", { params: { path: { groupId, userId } }, body: { role } }),
      ),
    onSettled,
  });
  const remove = useMutation({
    mutationFn: (userId: string) =>
      dataOf(api.DELETE("/v1/groups/{groupId}/members/{userId}", { params: { path: { groupId, userId } } })),
    onSettled,
  });
  return { put, remove };
}
