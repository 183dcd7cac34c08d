/**
 * Says what is wrong with a day or a time of RFC 3339 that has the right form; undefined when it exists. Seconds may be
 * 60, for leap seconds, and an offset may have up to 15 hours, as for PostgreSQL.
 * @param text e.g. `2026-11-22`, or `2026-11-22T02:00:03.123456+01:00`
 */
export function impossibleTime(text: string): "there is no such day" | "there is no such time" | undefined {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)/.exec(text) ?? [];
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const isDay = Number(year) > 0 && date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  if (!isDay) return "there is no such day";
  const clock = text.slice(10);
  if (clock === "") return undefined;
  const isTime = /^T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:0\d|1[0-5]):[0-5]\d)$/.test(clock);
  return isTime ? undefined : "there is no such time";
}
