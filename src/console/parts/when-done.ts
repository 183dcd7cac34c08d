/**
 * Acts when a change was made, even if its form has disappeared by then. Failures appear where the change was asked for.
 * @param change the promise of a mutation
 */
export function whenDone<Result>(change: Promise<Result>, act: (result: Result) => void): void {
  change.then(act, () => undefined);
}
