import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, dataOf, problemOf, type Schemas } from "./client.ts";
import { ifVersion } from "./users.ts";

export type Source = Schemas["Source"];
export type NewSource = Schemas["NewSource"];
export type Mapping = NonNullable<NewSource["mapping"]>;
export type Preview = Schemas["Preview"];

/** All sources, by rank. */
export function useSources() {
  return useQuery({
    queryKey: ["sources"],
    queryFn: ({ signal }) => dataOf(api.GET("/v1/sources", { signal })),
    select: ({ items }): readonly Source[] => items,
  });
}

/** One source. */
export function useSource(name: string) {
  return useQuery({
    queryKey: ["source", name],
    queryFn: ({ signal }) => dataOf(api.GET("/v1/sources/{name}", { params: { path: { name } }, signal })),
  });
}

/** Creates a source with default values. */
export function useAddSource() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (name: string) => {
      const { items } = await dataOf(api.GET("/v1/sources"));
      // PUT would restore the defaults of a source that exists.
      if (items.some((source) => source.name === name)) throw new Error(`There is a source ${name} already.`);
      return dataOf(api.PUT("/v1/sources/{name}", { params: { path: { name } }, body: {} }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["sources"] }),
  });
}

/** Changes a source, and announces a change of its people. */
export function useSourceEdits(source: Source) {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries();
  const path = { name: source.name };
  const save = useMutation({
    // PUT replaces all values, so it repeats those that stay.
    mutationFn: (changes: NewSource) => {
      const { rank, style, mapping, primaryEmail, guard } = source;
      const body = Object.assign({ rank, style, mapping, primaryEmail, guard }, changes) as NewSource;
      return dataOf(api.PUT("/v1/sources/{name}", { params: { path, header: ifVersion(source) }, body }));
    },
    onSettled,
  });
  const announce = useMutation({
    mutationFn: (body: Schemas["NewAnnouncedChange"]) =>
      dataOf(api.PUT("/v1/sources/{name}/announced-change", { params: { path }, body })),
    onSettled,
  });
  const withdraw = useMutation({
    mutationFn: () => dataOf(api.DELETE("/v1/sources/{name}/announced-change", { params: { path } })),
    onSettled,
  });
  return { save, announce, withdraw };
}

/**
 * Reads the first rows of a sample as an import of the source would. Nothing is stored.
 * @param mapping to try; undefined: the source's own
 */
export async function previewSample(name: string, sample: File, mapping: Mapping | undefined): Promise<Preview> {
  const form = new FormData();
  if (mapping !== undefined) form.append("mapping", JSON.stringify(mapping));
  form.append("file", sample);
  const response = await fetch(`/v1/sources/${encodeURIComponent(name)}/preview`, {
    method: "POST",
    headers: { "Muster-Request": "1", Accept: "application/json" },
    body: form,
  });
  if (!response.ok) throw await problemOf(response);
  return response.json();
}
