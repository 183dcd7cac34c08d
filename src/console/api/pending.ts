import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client.ts";
import { useList } from "./lists.ts";

export type PendingItem = Schemas["PendingItem"];
export type PendingType = PendingItem["type"];

/** Everything that waits and that the person may see, the oldest first. */
export function usePending(filter: { readonly type?: PendingType } = {}) {
  return useList(
    ["pending", filter],
    (cursor, signal) => dataOf(api.GET("/v1/pending", { params: { query: { ...filter, cursor } }, signal })),
    { refetchInterval: 10_000 },
  );
}

/** Decides about one or many items. The answer tells about each by itself. */
export function useDecisions() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ items, action, reason }: Decisions) =>
      dataOf(
        api.POST("/v1/pending/decisions", {
          body: {
            items: items.map(({ id, version, planHash }) => ({
              id,
              action,
              ...(version !== null && { version }),
              ...(planHash !== null && { planHash }),
              ...(reason.trim() !== "" && { reason: reason.trim() }),
            })),
          },
        }),
      ),
    onSettled: () => client.invalidateQueries(),
  });
}

interface Decisions {
  readonly items: readonly PendingItem[];
  readonly action: "approve" | "reject";
  readonly reason: string;
}
