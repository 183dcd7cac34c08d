/**
 * Repeats `work` until it is stopped. A round begins `interval` after the one before ended, so rounds never overlap.
 * A round that fails is retried with the next one.
 * @param interval in milliseconds
 * @param failed is called after a round that failed
 * @param options.atOnce the first round begins now instead of after one interval
 * @returns stops the repetition; resolves when the round that is under way has ended
 */
export function every(
  interval: number,
  work: () => Promise<unknown>,
  failed: (error: unknown) => void,
  options: { readonly atOnce?: boolean } = {},
): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  let round: Promise<void> = Promise.resolve();
  const begin = () => {
    round = work()
      .then(() => undefined, failed)
      .finally(schedule);
  };
  const schedule = () => {
    if (!isStopped) timer = setTimeout(begin, interval);
  };
  if (options.atOnce) begin();
  else schedule();
  return async () => {
    isStopped = true;
    clearTimeout(timer);
    await round;
  };
}
