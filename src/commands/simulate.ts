import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { formatLadder } from '../core/plan/ladder.ts';
import type { StartRefusal } from '../engine/start.ts';
import { planJson, planText, preflightText } from '../render/plan-text.ts';
import { type PictureLook, rolloutPicture } from '../render/rollout-picture.ts';
import { formatChange, type WorldChange } from '../simulate/effect-text.ts';
import { runThroughEngine } from '../simulate/engine-run.ts';
import { expectationOf } from '../simulate/standard-changes.ts';
import { type Outcome, onsetWatch, summaryOf } from '../simulate/summary.ts';
import { leadingLines, worldOf } from '../simulate/world-of-plan.ts';
import type { Context } from './context.ts';
import { CommandEnd, EXIT } from './exit-codes.ts';
import { type Progress, progressOn } from './progress.ts';
import { type SimulateOptions, type SimulateRequest, simulateRequest } from './simulate-request.ts';
import { falseAlarms, type Row, sentences, tableText } from './simulation-text.ts';

/** More looks than this take minutes: a longer tick is offered. */
const MANY_LOOKS = 2_000_000;

/**
 * What a plan would catch, how fast, and at what rate of false alarms: whole rollouts through the real engine in worlds that do
 * not exist. Moves nothing, contacts nothing. The same seed gives the same answer.
 */
export async function simulateCommand(
  context: Context,
  options: SimulateOptions,
  signal: AbortSignal,
): Promise<number> {
  const request = await simulateRequest(context, options);
  const { plan, faults } = request.planned;
  for (const line of planText(request.planned)) context.say(line);
  if (faults.length > 0)
    throw new CommandEnd(EXIT.refused, `this plan cannot be started: ${faults.join('; ')}`);
  for (const { phrase } of plan.approvals)
    context.say(
      `"${phrase}" asks a person, and the simulated one always rolls back: it goes no further than that`,
    );
  const ladderLooks = request.settings.horizonMs / plan.tickMs;
  if (ladderLooks * request.rollouts * request.changes.length > MANY_LOOKS)
    context.say(
      'this is a long ladder for so short a tick; a longer --tick, or fewer --rollouts, takes less time',
    );

  const answers = await answered(request, progressOn(process.stderr), signal);
  const rows = answers.map(({ row }) => row).filter(({ summary }) => summary.rollouts > 0);
  const isAllRefused = rows.length > 0 && rows.every(({ summary }) => summary.refused === summary.rollouts);
  const refusals = refusalWords(answers);
  if (options.svg !== undefined) writePictures(context, request, answers, options.svg);
  if (context.json) {
    context.out(JSON.stringify(simulationJson(request, rows, refusals, signal.aborted), null, 2));
  } else {
    const answer = isAllRefused ? [] : [...tableText(rows), '', ...sentences(rows)];
    for (const line of [...answer, ...refusals]) context.out(line);
    if (signal.aborted) context.out('stopped early: these are partial results');
  }
  if (signal.aborted) return EXIT.interrupted;
  return isAllRefused ? EXIT.refused : EXIT.done;
}

/** One effect's rollouts, with the first of them kept for its picture. */
interface Answer {
  readonly row: Row;
  readonly firstLooks: readonly PictureLook[];
  readonly refusal: StartRefusal | null;
}

async function answered(
  request: SimulateRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const [at, change] of request.changes.entries()) {
    if (signal.aborted) break;
    answers.push(
      await answerTo(request, change, signal, (done) =>
        progress.show({
          what: formatChange(change),
          done: at * request.rollouts + done,
          of: request.changes.length * request.rollouts,
        }),
      ),
    );
  }
  progress.end();
  return answers;
}

async function answerTo(
  request: SimulateRequest,
  change: WorldChange,
  signal: AbortSignal,
  onDone: (rollouts: number) => void,
): Promise<Answer> {
  const { plan } = request.planned;
  const { openMemoryStore } = await import('../main.ts');
  const outcomes: Outcome[] = [];
  const firstLooks: PictureLook[] = [];
  let refusal: StartRefusal | null = null;
  for (let rollout = 0; rollout < request.rollouts && !signal.aborted; rollout++) {
    const world = worldOf(plan, request.facts, change, request.seed + rollout);
    const onset = onsetWatch(world);
    await using store = await openMemoryStore();
    const run = await runThroughEngine(plan, world, {
      hasPast: true,
      settings: request.settings,
      anyway: request.anyway,
      openStore: store.open,
      onLook: (look) => {
        onset.onLook(look);
        if (rollout === 0) firstLooks.push(look);
      },
      signal,
    });
    if (run.kind === 'refused') refusal ??= run.why;
    if (run.kind !== 'stopped') outcomes.push({ run, onsetMs: onset.onsetMs() });
    onDone(rollout + 1);
    // Promises alone never let a signal in.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const expectation = expectationOf(plan, request.facts, change);
  return { row: { change, expectation, summary: summaryOf(outcomes) }, firstLooks, refusal };
}

/** Why starts were refused, in preflight's own words, once. */
function refusalWords(answers: readonly Answer[]): readonly string[] {
  const refused = answers.flatMap(({ refusal }) => refusal ?? []);
  const [why] = refused;
  if (why === undefined) return [];
  const starts = answers.reduce((sum, { row }) => sum + row.summary.refused, 0);
  const head = `${starts} ${starts === 1 ? 'start was' : 'starts were'} refused, the first of them so:`;
  switch (why.kind) {
    case 'not_clearable':
      return [head, ...preflightText(why.preflight), '  --anyway simulates it over preflight’s head'];
    case 'unreadable':
      return [head, `  a required signal cannot be read: ${why.details.join('; ')}`];
    case 'kill_switch':
      return [head, `  the backend would refuse the kill switch: ${why.reason}`];
    case 'id_taken':
    case 'target_busy':
      return [head, `  ${why.kind}`];
  }
}

function writePictures(
  context: Context,
  request: SimulateRequest,
  answers: readonly Answer[],
  file: string,
): void {
  const { plan } = request.planned;
  const drawn = answers.filter(({ firstLooks }) => firstLooks.length > 0);
  for (const { row, firstLooks } of drawn) {
    const effect = formatChange(row.change);
    const path = drawn.length === 1 ? file : suffixed(file, effect);
    const picture = rolloutPicture(plan, leadingLines(plan, request.facts)?.check.id ?? null, firstLooks, {
      title: `${effect === 'none' ? 'A good release' : `“${effect}”`}, seed ${request.seed}`,
      subtitle: `${formatLadder(plan.ladder)} · ${Math.round(request.facts.requestsPerMinute)} requests/min · simulated`,
    });
    try {
      writeFileSync(path, picture);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new CommandEnd(EXIT.error, `the picture cannot be written: ${why}`);
    }
    context.say(`wrote ${path}`);
  }
}

/** "run.svg" of "+2 points from 38m" is "run-2-points-from-38m.svg". */
function suffixed(file: string, effect: string): string {
  const extension = extname(file);
  const slug = effect
    .replace(/^-/, 'minus ')
    .replaceAll(/[^\w.]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return `${file.slice(0, file.length - extension.length)}-${slug}${extension}`;
}

/** The contract of `sluice simulate --json`: holds nothing that another run with the same flags would not. */
function simulationJson(
  request: SimulateRequest,
  rows: readonly Row[],
  preflight: readonly string[],
  isPartial: boolean,
): object {
  return {
    version: 1,
    partial: isPartial,
    plan: planJson(request.planned),
    world: request.facts,
    settings: { ...request.settings, tickMs: request.planned.plan.tickMs, anyway: request.anyway },
    rollouts: request.rollouts,
    seed: request.seed,
    effects: rows.map(({ change, expectation, summary }) => ({
      effect: formatChange(change),
      expectation,
      ...summary,
      falseAlarms: falseAlarms(expectation, summary),
    })),
    preflight,
    sentences: sentences(rows),
  };
}
