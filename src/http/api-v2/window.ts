import { z } from "zod";
import { MusterError } from "../../errors.ts";
import { impossibleTime } from "../contract/times.ts";

/** A day, or a time with at most microseconds. A + that was sent as it is arrives as a space. */
export const moment = z
  .string()
  .max(50)
  .transform((text) => text.trim().replace(" ", "+").toUpperCase())
  .pipe(
    z
      .string()
      .regex(
        /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d))?$/,
        "is not a day such as 2026-11-22, nor a time such as 2026-11-22T02:00:03Z",
      ),
  )
  .superRefine((text, context) => {
    const message = impossibleTime(text);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  })
  .optional();

/**
 * Refuses a window that has an end and no beginning.
 * @throws MusterError request_invalid
 */
export function requireSince(since: string | undefined, until: string | undefined): void {
  if (since !== undefined || until === undefined) return;
  const detail = "until ends the window that since begins. Send since too, or leave until out.";
  throw new MusterError("request_invalid", detail, { field: "until" });
}
