/**
 * A window on a stream of bytes: the rest of the earlier bytes, and the next ones. It reuses its memory, since only a
 * collection of the whole heap would free new memory for each chunk.
 */
export interface Window {
  /** Appends a chunk; returns all that is there. It is valid until the next call. */
  append(chunk: Uint8Array): Buffer;
  /** Drops the bytes before `from`. */
  dropUntil(from: number): void;
}

const firstLength = 512 * 1024;

/** Makes an empty window. */
export function createWindow(): Window {
  let memory: Buffer = Buffer.allocUnsafe(firstLength);
  let length = 0;
  return {
    append(chunk) {
      const needed = length + chunk.length;
      if (needed > memory.length) {
        const larger = Buffer.allocUnsafe(needed * 2);
        memory.copy(larger, 0, 0, length);
        memory = larger;
      }
      memory.set(chunk, length);
      length = needed;
      return memory.subarray(0, length);
    },
    dropUntil(from) {
      memory.copyWithin(0, from, length);
      length -= from;
    },
  };
}
