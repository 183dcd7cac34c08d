// biome-ignore-all lint/a11y/useSemanticElements: rows of a virtual list are placed one by one, which table elements do not allow.
// biome-ignore-all lint/a11y/useFocusableInteractive: the list takes the focus, and its rows contain links.
import { Box, Text } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type ReactNode, useEffect, useRef } from "react";
import { ProblemAlert } from "./problem-alert.tsx";
import { Waiting } from "./waiting.tsx";

/** A column of a list. */
export interface Column<Item> {
  readonly label: string;
  /** A width of CSS grid, such as `2fr` or `8rem`. */
  readonly width: string;
  readonly cell: (item: Item) => ReactNode;
}

interface VirtualListProps<Item> {
  /** Names the list to screen readers. */
  readonly label: string;
  readonly list: {
    readonly items: readonly Item[];
    readonly isPending: boolean;
    readonly error: unknown;
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly fetchNextPage: () => unknown;
    readonly refetch: () => unknown;
  };
  readonly columns: readonly Column<Item>[];
  readonly keyOf: (item: Item) => string | number;
  /** Says that the list is empty. */
  readonly empty: string;
  /** The height of a row in pixels, as a first guess: rows are measured. */
  readonly rowHeight?: number;
}

/** A list of any length. It draws the rows in view only, and reads further pages as they come into view. */
export function VirtualList<Item>({ label, list, columns, keyOf, empty, rowHeight = 44 }: VirtualListProps<Item>) {
  const scroller = useRef<HTMLDivElement>(null);
  const { items, hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => keyOf(items[index]!),
    overscan: 10,
  });
  const rows = virtualizer.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= items.length - 20) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, last, items.length]);

  if (list.isPending) return <Waiting />;
  if (list.error) return <ProblemAlert error={list.error} retry={() => void list.refetch()} />;
  if (items.length === 0) return <Text c="dimmed">{empty}</Text>;
  const template = { "--columns": columns.map(({ width }) => `minmax(0, ${width})`).join(" ") } as CSSProperties;
  return (
    <div role="table" aria-label={label} aria-rowcount={hasNextPage ? -1 : items.length + 1}>
      <div role="rowgroup">
        <div role="row" className="virtual-header" style={template}>
          {columns.map((column) => (
            <span role="columnheader" key={column.label}>
              {column.label}
            </span>
          ))}
        </div>
      </div>
      <Box ref={scroller} role="rowgroup" tabIndex={0} mah="70vh" style={{ overflowY: "auto" }}>
        <div style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
          {rows.map(({ index, key, start }) => (
            <div
              role="row"
              key={key}
              data-index={index}
              aria-rowindex={index + 2}
              ref={virtualizer.measureElement}
              className="virtual-row"
              style={{ ...template, transform: `translateY(${start}px)` }}
            >
              {columns.map((column) => (
                <span role="cell" key={column.label} data-label={column.label}>
                  {column.cell(items[index]!)}
                </span>
              ))}
            </div>
          ))}
        </div>
      </Box>
    </div>
  );
}
