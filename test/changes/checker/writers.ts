import { setTimeout as sleep } from "node:timers/promises";
import { type KnownAnswer, sendUntilKnown } from "./client.ts";
import { createBelongings, type SharedThings } from "./edit-effects.ts";
import { planEdit } from "./edits.ts";
import { createCampus, planFile, writeFile } from "./files.ts";
import type { Fleet } from "./fleet.ts";
import type { AcknowledgedImport, History, ImportResource, Write } from "./history.ts";
import { createRandom, type Random } from "./random.ts";

/** The context of a writer. */
export interface WriterContext {
  readonly fleet: Fleet;
  readonly history: History & {
    readonly writes: Write[];
    readonly acknowledgedImports: AcknowledgedImport[];
  };
  readonly seed: number;
  /** Its name, also the name of its API key. */
  readonly name: string;
  readonly key: string;
  /** The processes that it writes through. */
  readonly processes: readonly number[];
  /** Tells whether to go on after this many decisions. */
  goesOn(decisions: number): boolean;
}

const refused = (what: string, where: string, { status, body }: KnownAnswer) => ({
  kind: "write" as const,
  where,
  message: `${what}: was refused with ${status}: ${body.slice(0, 300)}`,
  around: [],
});

/** Makes single edits, one after the other; every one is repeated until its outcome is known. */
export async function writeEdits(context: WriterContext, shared: SharedThings): Promise<void> {
  const { fleet, history, seed, name, key, processes } = context;
  const random = createRandom(seed, name);
  const pace = createRandom(seed, `${name} pace`);
  const mine = createBelongings(name);
  for (let decision = 0; context.goesOn(decision); decision += 1) {
    const edit = planEdit(random, mine, shared);
    const isPost = edit.request.method === "POST";
    const headers = isPost && pace.chance(0.7) ? { "idempotency-key": `${name}-${decision}` } : {};
    const answer = await sendUntilKnown(fleet, () => pace.pick(processes), history, { ...edit.request, headers, key });
    const isDone = edit.succeeds.includes(answer.status) || (answer.isRepeat && answer.status === edit.isDoneAlready);
    if (isDone) {
      const { ended: acknowledged, process } = answer;
      const effect = { ...edit.effect(answer), mayRepeat: answer.isRepeat && !answer.isKeyed };
      edit.done(answer);
      history.writes.push({ actor: `api-key:${name}`, what: edit.what, effect, acknowledged, process });
    } else if (answer.status !== edit.isRefused) {
      history.violations.push(refused(edit.what, name, answer));
    }
    await sleep(pace.between(0, 40));
  }
}

/** Sends files, and decides about those that are held. */
export async function writeImports(context: WriterContext, approverKey: string, largestFile: number): Promise<void> {
  const { fleet, history, seed, name, key, processes } = context;
  const random = createRandom(seed, name);
  const pace = createRandom(seed, `${name} pace`);
  const campus = createCampus();
  const choose = () => pace.pick(processes);
  for (let decision = 0; context.goesOn(decision); decision += 1) {
    const file = planFile(random, campus, largestFile);
    history.importsUnderWay += 1;
    const answer = await sendUntilKnown(fleet, choose, history, {
      method: "POST",
      path: `/v1/imports/users?source=${file.source}&style=${file.style}`,
      body: writeFile(file.source, file.people, file.format),
      headers: {
        "content-type": file.format === "xml" ? "application/xml" : "text/csv",
        accept: "application/json",
        "idempotency-key": `${name}-${decision}`,
      },
      key,
    });
    history.importsUnderWay -= 1;
    const isApproved = random.chance(0.6);
    const isDecided = random.chance(0.8);
    if (answer.status === 201 || answer.status === 202) {
      acknowledge(history, answer);
      if (answer.json.status === "held" && isDecided) {
        await sleep(pace.between(0, 100));
        await decide({ ...context, key: approverKey }, pace, answer.json, isApproved);
      }
    } else {
      history.violations.push(refused(`import of ${file.people.length} people`, name, answer));
    }
    await sleep(pace.between(0, 120));
  }
}

const acknowledge = (history: WriterContext["history"], { json, ended, process }: KnownAnswer) =>
  history.acknowledgedImports.push({ answer: json, acknowledged: ended, process });

/** Approves or discards what is held; a plan that has changed meanwhile is looked at again, a few times. */
async function decide(
  { fleet, history, name, key, processes }: WriterContext,
  pace: Random,
  held: ImportResource,
  isApproved: boolean,
): Promise<void> {
  let { planHash } = held;
  const choose = () => pace.pick(processes);
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const isLast = attempt === 3;
    const answer = await sendUntilKnown(fleet, choose, history, {
      method: "POST",
      path: `/v1/imports/${held.id}/${isApproved && !isLast ? "approve" : "discard"}`,
      body: { ...(isApproved && !isLast ? { planHash } : {}), decidedBy: "Kim Park" },
      key,
    });
    if (answer.status === 200) {
      acknowledge(history, answer);
      return;
    }
    if (answer.status === 409 && answer.json?.code === "plan_changed") {
      const again = await sendUntilKnown(fleet, choose, history, { path: `/v1/imports/${held.id}`, key });
      planHash = again.json.planHash;
    } else if (answer.status === 409) {
      // Decided already: by a first attempt whose answer was lost.
      if (!answer.isRepeat) history.violations.push(refused(`decision about import ${held.id}`, name, answer));
      return;
    } else {
      history.violations.push(refused(`decision about import ${held.id}`, name, answer));
      return;
    }
  }
}
