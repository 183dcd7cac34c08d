const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/**
 * A time in words, such as "2 hours ago"; after a week the date.
 * @param time RFC 3339
 * @param now in milliseconds
 */
export function timeInWords(time: string, now: number): string {
  const seconds = (Date.parse(time) - now) / 1000;
  if (Math.abs(seconds) >= 7 * 86_400) return absolute.format(new Date(time));
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  }
  return seconds > 30 ? "in a moment" : "just now";
}

/** A time in words; its exact value appears on hovering. */
export function Time({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={absolute.format(new Date(at))}>
      {timeInWords(at, Date.now())}
    </time>
  );
}
