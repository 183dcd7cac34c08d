import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client.ts";
import { useList } from "./lists.ts";

export type VisibleGroup = Schemas["VisibleGroup"];

/** The groups that the signed-in person may see, with their role; null: not a member. */
export function useVisibleGroups(id: string) {
  return useList(["visible-groups", id], (cursor, signal) =>
    dataOf(
      api.GET("/v1/users/{id}/visible-groups", { params: { path: { id }, query: { cursor, limit: 200 } }, signal }),
    ),
  );
}

/** Asks to join a group. Public groups accept everybody at once. */
export function useJoinGroup(userId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (groupId: string) =>
      dataOf(api.POST("/v1/groups/{groupId}/membership-requests", { params: { path: { groupId } }, body: {} })),
    onSettled: () => client.invalidateQueries({ queryKey: ["visible-groups", userId] }),
  });
}
