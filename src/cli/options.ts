import { usageError } from "./exit-status.ts";

/**
 * Has parseArgs read a command line, and turns what it throws into a sentence.
 * @param command for the hint
 */
export function parseStrictly<Parsed>(command: string, parse: () => Parsed): Parsed {
  try {
    return parse();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith("ERR_PARSE_ARGS") !== true) throw error;
    if (/'(--key|-k)\b[^-]/.test(message)) {
      throw usageError(
        "A key does not go on the command line, where every user of the machine can see it. Put it into MUSTER_KEY, or into a file for --key-file.",
      );
    }
    // The rest of the message explains how to write positional arguments that begin with a hyphen.
    throw usageError(`${message.split(". ")[0]}. "muster ${command} --help" tells which options there are.`);
  }
}

/** @throws CommandError (usage) when the value is none of the choices */
export function choiceOf<Choice extends string>(
  option: string,
  value: string | undefined,
  choices: readonly Choice[],
): Choice | undefined {
  if (value === undefined) return undefined;
  const choice = choices.find((one) => one === value);
  if (choice === undefined) throw usageError(`${option} is one of ${choices.join(", ")}.`);
  return choice;
}

/** @throws CommandError (usage) when the value is no whole number in this range */
export function numberOf(option: string, value: string | undefined, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw usageError(`${option} is a number from ${least} to ${most}.`);
}
