import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client.ts";
import { useList } from "./lists.ts";
import { ifVersion } from "./users.ts";

export type Location = Schemas["Location"];

/** Locations in the order of their names. */
export function useLocations() {
  return useList(["locations"], (cursor, signal) =>
    dataOf(api.GET("/v1/locations", { params: { query: { cursor, limit: 200 } }, signal })),
  );
}

/** Creates, changes and deletes locations. */
export function useLocationEdits() {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries();
  const add = useMutation({
    mutationFn: (body: Schemas["NewLocation"]) => dataOf(api.POST("/v1/locations", { body })),
    onSettled,
  });
  const change = useMutation({
    mutationFn: ({ location, body }: { readonly location: Location; readonly body: Schemas["LocationPatch"] }) =>
      dataOf(
        api.PATCH("/v1/locations/{name}", {
          params: { path: { name: location.name }, header: ifVersion(location) },
          body,
        }),
      ),
    onSettled,
  });
  const remove = useMutation({
    mutationFn: (location: Location) =>
      dataOf(
        api.DELETE("/v1/locations/{name}", {
          params: { path: { name: location.name }, header: ifVersion(location) },
        }),
      ),
    onSettled,
  });
  return { add, change, remove };
}
