import { useQuery } from "@tanstack/react-query";
import { ApiProblem, api, dataOf, type Schemas } from "./client.ts";

export type Me = Schemas["Me"];
type Capability = Me["roles"][number]["capabilities"][number];

/** The signed-in person; null: nobody is signed in. */
export function useMe() {
  return useQuery({
    queryKey: ["me"],
    queryFn: async (): Promise<Me | null> => {
      try {
        return await dataOf(api.GET("/v1/me"));
      } catch (error) {
        if (error instanceof ApiProblem && error.status === 401) return null;
        throw error;
      }
    },
    staleTime: 60_000,
  });
}

/** True if the person may do everything in the organization. */
export function isNetworkAdministrator(me: Me): boolean {
  return me.roles.some(({ name }) => name === "network-administrator");
}

/** True if the person has the capability in some group. */
export function hasCapability(me: Me, capability: Capability): boolean {
  return me.roles.some(({ capabilities }) => capabilities.includes(capability));
}

/** The name by which the console addresses a person. */
export function nameOf(person: {
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly username?: string | null;
  readonly id?: string | null;
}): string {
  const name = `${person.firstName ?? ""} ${person.lastName ?? ""}`.trim();
  return name || person.username || (person.id ? `User ${person.id}` : "Unknown person");
}
