import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";

/** A page of a list of the API. */
export interface ListPage<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

/**
 * Reads a list of the API page by page.
 * @param key identifies the list and its filters
 * @param read reads the page at a cursor; undefined: the first
 * @param refetchInterval in milliseconds; absent: only when the window is focused
 */
export function useList<Page extends ListPage<unknown>>(
  key: readonly unknown[],
  read: (cursor: string | undefined, signal: AbortSignal) => Promise<Page>,
  options: { readonly refetchInterval?: number } = {},
) {
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => read(pageParam, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Page) => page.nextCursor ?? undefined,
    // The list of the last filter stays until the new one has arrived.
    placeholderData: keepPreviousData,
    refetchInterval: options.refetchInterval ?? false,
  });
  const items = (query.data?.pages.flatMap(({ items }) => items) ?? []) as Page["items"][number][];
  return { ...query, items, firstPage: query.data?.pages[0] };
}
