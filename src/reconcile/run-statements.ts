import type { Executor } from "../store/database.ts";

/**
 * Runs statements one after another. Each gets as many of the values as it mentions, because PostgreSQL refuses
 * parameters that a statement does not have.
 */
export async function runStatements(
  executor: Executor,
  statements: readonly string[],
  values: readonly unknown[] = [],
): Promise<void> {
  for (const statement of statements) {
    const mentioned = values.findLastIndex((_, index) => statement.includes(`$${index + 1}`)) + 1;
    await executor.query(statement, values.slice(0, mentioned));
  }
}
