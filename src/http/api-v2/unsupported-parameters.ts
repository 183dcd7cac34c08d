import { MusterError } from "../../errors.ts";

/** Parameters of `/v1` that decide what a request does: to ignore one would do something else than was asked for. */
const unsupported = new Map([
  ["dryrun", "dryRun"],
  ["source", "source"],
  ["style", "style"],
]);

/**
 * Refuses parameters that `/v1` knows and `/api/v2` does not, in any case, with or without `-` and `_`.
 * @param parameters parameters of an address or of a form
 * @throws MusterError request_invalid
 */
export function refuseUnsupported(parameters: object): void {
  for (const given of Object.keys(parameters)) {
    const name = unsupported.get(given.toLowerCase().replaceAll(/[-_]/g, ""));
    if (name === undefined) continue;
    const advice =
      name === "source"
        ? "Use a key that is bound to the source, or send the file to /v1/imports."
        : "Nothing was changed. Send the file to /v1/imports instead, or leave the parameter out.";
    throw new MusterError("request_invalid", `/api/v2 does not support ${name}. ${advice}`, {
      field: name,
      errors: [{ field: name, message: "is not supported by /api/v2" }],
    });
  }
}
