/** Ids for which random bytes are asked for at once: asking takes longer than anything else about an id. */
const idsAtOnce = 64;

/**
 * Makes a source of UUIDs version 7 (RFC 9562): they sort by the time at which they were made. UUIDs of one millisecond
 * count up in the twelve bits after the time (RFC 9562, section 6.2, method 1), so that the order holds there, too.
 *
 * @param clock the current time
 * @param randomBytes as many random bytes as asked for
 */
export function createIdSource(clock: () => Date, randomBytes: (size: number) => Uint8Array): () => string {
  let lastTime = 0;
  let counter = 0;
  let random = Buffer.alloc(0);
  const takeRandom = () => {
    if (random.length === 0) random = Buffer.from(randomBytes(idsAtOnce * 16));
    const bytes = random.subarray(0, 16);
    random = random.subarray(16);
    return bytes;
  };
  return () => {
    const bytes = takeRandom();
    const now = clock().getTime();
    if (now > lastTime) {
      lastTime = now;
      // The counter begins low, so that it has room to count.
      counter = bytes.readUInt16BE(6) & 0x7ff;
    } else if (counter < 0xfff) {
      counter += 1;
    } else {
      lastTime += 1;
      counter = 0;
    }
    bytes.writeUIntBE(lastTime, 0, 6);
    bytes.writeUInt16BE(0x7000 | counter, 6);
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = bytes.toString("hex");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  };
}
