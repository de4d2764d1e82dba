import { parseArgs } from 'node:util';
import { anthropicModel } from '../../src/adapters/anthropic/model.ts';
import { rules } from './answer.ts';
import { failedBars } from './bars.ts';
import { caseText, missText } from './case-text.ts';
import { type Evaluation, evaluate, SPLITS } from './evaluation.ts';
import { type LabelledCase, readCases } from './labelled-case.ts';
import { recordingOf, withModel } from './model-layer.ts';
import { tablesOf, writePage } from './page.ts';
import { scoreOf } from './score.ts';
import { totalsOf } from './totals.ts';

/**
 * The rule-based planner against our own labelled changes: `npm run eval`. Writes docs/evaluation.md and prints it; exits 1 when
 * a bar fails on a split. `--split build|held_out` only prints, and for `build` names each case that is not right; `--case NAME`
 * (may be repeated) shows what was proposed beside the label; `--json` prints all of it for machines. `--live` asks the model as
 * well and records its answers under fixtures/recorded/, which later runs score without asking.
 */
const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    split: { type: 'string' },
    case: { type: 'string', multiple: true, default: [] },
    live: { type: 'boolean', default: false },
    model: { type: 'string', default: 'claude-sonnet-5-5' },
  },
});

const all = readCases();
if (options.case.length > 0) await showCases(options.case.map(named));
else {
  const cases = ofSplit(options.split);
  if (options.live) await record(cases);
  const evaluation = await evaluate(cases);
  if (options.json) console.log(jsonOf(evaluation));
  else {
    console.log(tablesOf(evaluation));
    if (options.split === undefined) writePage(tablesOf(evaluation));
    if (options.split === 'build') console.log(`\n${missesOf(evaluation).join('\n')}`);
  }
  const failures = failuresOf(evaluation);
  for (const failure of failures) console.error(failure);
  if (failures.length > 0) process.exitCode = 1;
}

/** One case after the other; what is recorded already is not asked again. */
async function record(cases: readonly LabelledCase[]): Promise<void> {
  const apiKey = process.env['ANTHROPIC_API_KEY'] ?? '';
  if (apiKey === '') {
    console.error('--live asks a model, and there is no ANTHROPIC_API_KEY in the environment');
    process.exit(2);
  }
  const baseUrl = process.env['ANTHROPIC_BASE_URL'] ?? null;
  const model = anthropicModel({ model: options.model, apiKey, baseUrl });
  for (const [at, { name, diff, label }] of cases.entries()) {
    console.error(`${at + 1} of ${cases.length}: ${name}`);
    const { answer } = withModel('live', model, recordingOf(name, options.model));
    const { riskReasons } = await answer({ diff, title: label.title });
    const failure = riskReasons.find((reason) => reason.startsWith('The model took no part'));
    if (failure !== undefined) console.error(`  ${failure}`);
  }
}

async function showCases(cases: readonly LabelledCase[]): Promise<void> {
  for (const each of cases) {
    if (each.label.split === 'held_out') console.error(`${each.name} is held out: do not tune rules to it.`);
    const answer = await rules().answer({ diff: each.diff, title: each.label.title });
    console.log(caseText(scoreOf(each, answer), answer));
  }
}

function named(name: string): LabelledCase {
  const found = all.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no case is named ${name}`);
  return found;
}

function ofSplit(split: string | undefined): readonly LabelledCase[] {
  if (split === undefined) return all;
  const cases = all.filter(({ label }) => label.split === split);
  if (cases.length === 0) throw new Error(`--split ${split} is not one of ${SPLITS.join(', ')}`);
  return cases;
}

function missesOf({ planners, relations }: Evaluation): readonly string[] {
  const broken = relations.flatMap(({ name, broken: cases }) =>
    cases.map((each) => `${each}: not so: ${name}`),
  );
  return [...(planners[0]?.scores ?? []).flatMap((score) => missText(score) ?? []), ...broken];
}

function failuresOf({ planners, relations }: Evaluation): readonly string[] {
  const judged = planners[0]?.scores ?? [];
  const bars = SPLITS.flatMap((split) => {
    const totals = totalsOf(judged.filter(({ label }) => label.split === split));
    return failedBars(totals).map(({ name, line }) => `below its bar on ${split}: ${name} ${line}`);
  });
  const broken = relations.flatMap(({ name, broken: cases }) =>
    cases.length === 0 ? [] : [`broken on ${cases.length}: ${name}`],
  );
  return [...bars, ...broken];
}

/** Case by case only for what may be looked at: the build split, or the other one where it was asked for by name. */
function jsonOf({ planners, relations }: Evaluation): string {
  const totals = planners.flatMap(({ planner, scores }) =>
    SPLITS.flatMap((split) => {
      const own = scores.filter(({ label }) => label.split === split);
      return own.length === 0 ? [] : [{ planner, split, ...totalsOf(own) }];
    }),
  );
  const shown = (planners[0]?.scores ?? []).filter(({ label }) => label.split === (options.split ?? 'build'));
  const cases = shown.map(({ label, ...score }) => ({ ...score, class: label.class, split: label.split }));
  const counts = relations.map(({ name, cases: of, broken }) => ({ name, cases: of, broken: broken.length }));
  return JSON.stringify({ totals, relations: counts, cases }, null, 1);
}
