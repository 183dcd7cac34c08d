import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf, type Schemas } from "./client.ts";
import { useList } from "./lists.ts";

export type User = Schemas["User"];
export type UserPatch = Schemas["UserPatch"];
export type NewUser = Schemas["NewUser"];
export type Phone = User["phones"][number];

/** A filter of people. */
export interface UserFilter {
  readonly query?: string;
  readonly groupId?: string;
  readonly source?: string;
  readonly location?: string;
}

/** People in the order of their ids. */
export function useUsers(filter: UserFilter) {
  return useList(["users", filter], (cursor, signal) =>
    dataOf(api.GET("/v1/users", { params: { query: { ...filter, cursor, limit: 200 } }, signal })),
  );
}

/** One person. */
export function useUser(id: string) {
  return useQuery({
    queryKey: ["user", id],
    queryFn: ({ signal }) => dataOf(api.GET("/v1/users/{id}", { params: { path: { id } }, signal })),
  });
}

/** The condition under which a change happens: nobody else changed the version that the person has seen. */
export const ifVersion = ({ version }: { readonly version: number }) => ({ "if-match": `"${version}"` });

/** Adds a person. */
export function useAddUser() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: NewUser) => dataOf(api.POST("/v1/users", { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ["users"] }),
  });
}

/** Changes, deletes and merges one person. Each change needs the version that was shown. */
export function useUserEdits(user: User) {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries();
  const params = { path: { id: user.id }, header: ifVersion(user) };
  const change = useMutation({
    mutationFn: (body: UserPatch) => dataOf(api.PATCH("/v1/users/{id}", { params, body })),
    onSuccess: (changed) => client.setQueryData(["user", user.id], changed),
    onSettled,
  });
  const remove = useMutation({
    mutationFn: () => dataOf(api.DELETE("/v1/users/{id}", { params })),
    onSettled,
  });
  const merge = useMutation({
    mutationFn: (userId: string) => dataOf(api.POST("/v1/users/{id}/merge", { params, body: { userId } })),
    onSettled,
  });
  return { change, remove, merge };
}
