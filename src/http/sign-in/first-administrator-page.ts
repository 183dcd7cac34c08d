import { z } from "zod";
import { MusterError } from "../../errors.ts";
import { firstAdministratorSchema, signUpFirstAdministrator } from "../../sign-in/first-administrator.ts";
import type { HttpDependencies } from "../server/dependencies.ts";
import type { Page, PageField } from "./page.ts";

/** The answers of a form, by the names of its fields. */
export type FormAnswers = Readonly<Record<string, string>>;

const fields: readonly Omit<PageField, "value">[] = [
  { name: "firstName", label: "First name", type: "text", autocomplete: "given-name", isRequired: true },
  { name: "lastName", label: "Last name", type: "text", autocomplete: "family-name", isRequired: false },
  { name: "email", label: "E-mail", type: "email", autocomplete: "email", isRequired: true },
];

/** The page on which the first administrator introduces themselves. */
export function firstAdministratorPage(answers: FormAnswers = {}, error?: string): Page {
  return {
    title: "Become the first administrator",
    text: ["Muster adds you as a network administrator, and signs you in. You can then add others."],
    fields: fields.map((field) => ({ ...field, value: answers[field.name] ?? "" })),
    ...(error === undefined ? {} : { error }),
    button: { label: "Open the console" },
    note: "The link works once. If you did not ask for it, close this page.",
  };
}

/**
 * Adds the first administrator from the answers of the form.
 * @returns the session cookie's value, or the sentence that says what to correct; undefined if the link does not work
 */
export async function signUp(
  dependencies: HttpDependencies,
  secret: string,
  answers: FormAnswers,
): Promise<{ readonly session: string } | { readonly error: string } | undefined> {
  const parsed = firstAdministratorSchema.safeParse(answers);
  if (!parsed.success) return { error: parsed.error.issues[0]?.message ?? z.prettifyError(parsed.error) };
  try {
    const session = await signUpFirstAdministrator(dependencies, secret, parsed.data);
    return session === undefined ? undefined : { session };
  } catch (error) {
    if (error instanceof MusterError && ["request_invalid", "conflict"].includes(error.code)) {
      return { error: error.message };
    }
    throw error;
  }
}
