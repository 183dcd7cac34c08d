import { useQuery } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client.ts";

export type Source = Schemas["Source"];

/** All sources, by rank. */
export function useSources() {
  return useQuery({
    queryKey: ["sources"],
    queryFn: ({ signal }) => dataOf(api.GET("/v1/sources", { signal })),
    select: ({ items }): readonly Source[] => items,
  });
}
