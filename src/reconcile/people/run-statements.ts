import type { Executor } from "../../store/database.ts";

/**
 * Runs statements one after another. Each gets as many of the values as it mentions, because PostgreSQL refuses
 * parameters that a statement does not have. Those that mention none go together, in one round trip.
 */
export async function runStatements(
  executor: Executor,
  statements: readonly string[],
  values: readonly unknown[] = [],
): Promise<void> {
  let together: string[] = [];
  const flush = async () => {
    if (together.length > 0) await executor.query(together.join(";\n"));
    together = [];
  };
  for (const statement of statements) {
    const mentioned = values.findLastIndex((_, index) => statement.includes(`$${index + 1}`)) + 1;
    if (mentioned === 0) together.push(statement);
    else {
      await flush();
      await executor.query(statement, values.slice(0, mentioned));
    }
  }
  await flush();
}
