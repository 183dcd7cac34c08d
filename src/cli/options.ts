import { usageError } from "./exit-status.ts";
import { printable, quoted } from "./text.ts";

/**
 * Has parseArgs read a command line, and turns its errors into messages for people.
 * @param command for the hint, e.g. `push`
 * @throws CommandError (usage)
 */
export function parseStrictly<Parsed>(command: string, parse: () => Parsed): Parsed {
  try {
    return parse();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith("ERR_PARSE_ARGS") !== true) throw error;
    const option = printable(/'(?:-\w, )?(--?[^' <]*)/.exec(message)?.[1] ?? "");
    if (option === "--key" || option === "-k") {
      throw usageError(
        "A key does not belong on the command line, where every user of the machine can see it. Put it into MUSTER_KEY, or into a file for --key-file.",
      );
    }
    throw usageError(`${explain(code, option, message)} "muster ${command} --help" lists the options.`);
  }
}

function explain(code: string, option: string, message: string): string {
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") return `There is no option ${option}.`;
  if (code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE") {
    return /does not take/.test(message) ? `${option} takes no value.` : `${option} needs a value.`;
  }
  return `${message.split(/[.\n]/)[0]}.`;
}

/** @throws CommandError (usage) when the value is not one of the choices */
export function choiceOf<Choice extends string>(
  option: string,
  value: string | undefined,
  choices: readonly Choice[],
): Choice | undefined {
  if (value === undefined) return undefined;
  const choice = choices.find((one) => one === value);
  if (choice === undefined) throw usageError(`${option} is one of ${choices.join(", ")}, not ${quoted(value)}.`);
  return choice;
}

/** @throws CommandError (usage) when the value is not a whole number in this range */
export function numberOf(option: string, value: string | undefined, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw usageError(`${option} is a number from ${least} to ${most}, not ${quoted(value)}.`);
}

/** @throws CommandError (usage) when the value is empty */
export function textOf(option: string, value: string | undefined): string | undefined {
  if (value === undefined || value.trim() !== "") return value;
  throw usageError(`${option} is empty. Give it a value, or leave it out.`);
}
