/** A count as a person reads it: `41,870`. */
export const numeral = (count: number): string => count.toLocaleString("en");

/** `1 person`, `2,318 people`. */
export const counted = (count: number, one: string, many: string): string =>
  `${numeral(count)} ${count === 1 ? one : many}`;

/** A share in percent: whole from ten on, with one decimal below: `95 %`, `5.5 %`. */
export function percentage(figure: number, of: number): string {
  if (of === 0) return "100 %";
  const share = (figure / of) * 100;
  return `${share >= 10 ? Math.round(share) : Math.round(share * 10) / 10} %`;
}
