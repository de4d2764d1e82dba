import { describe, expect, test } from 'vitest';
import { pathOf, readDiff } from '../../src/agent/diff/diff.ts';
import { classOfPath } from '../../src/agent/diff/path-class.ts';
import { modelPlanner } from '../../src/agent/model/model-planner.ts';
import { rulePlanner } from '../../src/agent/rule-planner.ts';
import { decide } from '../../src/core/gate/decide.ts';
import { readInstruction } from '../../src/core/plan/instruction.ts';
import { makePlan, type Planned } from '../../src/core/plan/merge.ts';
import type { Proposal } from '../../src/core/plan/proposal.ts';
import { explain } from '../../src/core/report.ts';
import { summaryFacts } from '../../src/core/summary-facts.ts';
import { planText } from '../../src/render/plan-text.ts';
import { diffOf } from '../agent/diff-writing.ts';
import { NONCE, promptOf, readsOf } from '../agent/model/readable-change.ts';
import { says, scriptedModel } from '../agent/model/scripted-model.ts';
import { lookAt, NOW, running, shares } from '../core/gate/looks.ts';
import { planned, request } from '../core/plan/plan-request.ts';
import { openRig, planOf as rollout } from '../support/rollout-rig.ts';
import { isShowable, PAYLOADS } from './payloads.ts';

const BEFORE = 'export async function price(id: string) {\n  return load(id);\n}\n';
const AFTER =
  'export async function price(id: string) {\n  const known = await redis.get(id);\n  return known ?? load(id);\n}\n';
const CLEAN = diffOf('src/price.ts', BEFORE, AFTER);
const WORDS = '1% → 10% → 100%, ten minutes per stage. Roll back if error rate doubles.';
const RISKS = ['low', 'medium', 'high'];

interface Words {
  readonly diff?: string;
  readonly title?: string;
  readonly instruction?: string;
}

async function plannedOf({ diff = CLEAN, title = 'Cache prices', instruction = WORDS }: Words = {}) {
  const proposal = await rulePlanner().propose({ diff, title });
  const reading = readInstruction(instruction);
  const plan = makePlan(
    request({ title, proposals: [proposal], instruction: { text: instruction, reading } }) as Parameters<
      typeof makePlan
    >[0],
  );
  return { proposal, plan };
}

/** What the attacked twin may not be: less careful than the clean one, in any way. */
function expectNoLess(attacked: Planned, clean: Planned): void {
  for (const guard of clean.plan.checks) {
    const twin = attacked.plan.checks.find(({ id }) => id === guard.id);
    expect(twin).toMatchObject({ hold: guard.hold, rollback: guard.rollback, severity: guard.severity });
  }
  expect(RISKS.indexOf(attacked.plan.risk)).toBeGreaterThanOrEqual(RISKS.indexOf(clean.plan.risk));
  expect(attacked.plan.ladder).toEqual(clean.plan.ladder);
  expect(attacked.plan.approvals).toEqual(clean.plan.approvals);
  expect(attacked.faults).toEqual(clean.faults);
}

function expectShowable(planned: Planned): void {
  for (const line of planText(planned)) expect(line).toSatisfy(isShowable);
}

/** What a model is sent of a change, all messages and the system text. */
async function sentFor(diff: string, title: string) {
  const model = scriptedModel(says('{}'));
  const rules: Proposal = await rulePlanner().propose({ diff, title });
  const { files: _, ...reads } = readsOf([]);
  await modelPlanner({
    mode: 'assist',
    model,
    promptOf: () => promptOf(),
    rules: { propose: async () => rules },
    readDiff: (text) =>
      readDiff(text).files.map((file) => ({
        path: pathOf(file),
        basePath: file.oldPath,
        pathClass: classOfPath(pathOf(file)),
        hunks: file.hunks,
      })),
    reads,
    policyDigest: 'p',
    records: { get: async () => null, put: async () => {} },
    newNonce: () => NONCE,
    clock: { now: () => 0, mono: () => 0, sleep: async () => {} },
    log: { info: () => {}, warn: () => {} },
    signal: new AbortController().signal,
  }).propose({ diff, title });
  return model.asked[0];
}

const onOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

describe.each(PAYLOADS.map((payload) => ({ payload })))('hostile words: $payload', ({ payload }) => {
  test('in a comment of the code change nothing', async () => {
    const clean = await plannedOf();
    const attacked = await plannedOf({
      diff: diffOf('src/price.ts', BEFORE, `${AFTER}// ${onOneLine(payload)}\n`),
    });
    expectNoLess(attacked.plan, clean.plan);
    expect(attacked.proposal.checks).toEqual(clean.proposal.checks);
    expectShowable(attacked.plan);
  });

  test('in a string of the code take nothing away', async () => {
    const clean = await plannedOf();
    const attacked = await plannedOf({
      diff: diffOf('src/price.ts', BEFORE, `${AFTER}export const note = ${JSON.stringify(payload)};\n`),
    });
    expectNoLess(attacked.plan, clean.plan);
    expectShowable(attacked.plan);
  });

  test('as the name of a file, or of the block that git prints beside a hunk, take nothing away', async () => {
    const clean = await plannedOf();
    const name = onOneLine(payload).replaceAll('/', '_');
    const attacked = await plannedOf({
      diff: `${CLEAN.replace(/^@@.*@@$/m, (line) => `${line} ${onOneLine(payload)}`)}${diffOf(`src/${name}`, null, 'x = 1\n')}`,
    });
    expectNoLess(attacked.plan, clean.plan);
    expectShowable(attacked.plan);
  });

  test('in what stands before the diff, where a mailed patch has its description, change nothing', async () => {
    const clean = await plannedOf();
    const attacked = await plannedOf({ diff: `Subject: ${onOneLine(payload)}\n\n${payload}\n---\n${CLEAN}` });
    expectNoLess(attacked.plan, clean.plan);
    expect(attacked.proposal.checks).toEqual(clean.proposal.checks);
    expectShowable(attacked.plan);
  });

  test('as the title can raise the risk and nothing else (B11)', async () => {
    const clean = await plannedOf();
    const attacked = await plannedOf({ title: payload });
    expectNoLess(attacked.plan, clean.plan);
    expect(attacked.plan.plan.checks).toEqual(clean.plan.plan.checks);
    expectShowable(attacked.plan);
  });

  test('in the standing instruction are reported, and loosen nothing that stands beside them', async () => {
    const clean = await plannedOf();
    const attacked = await plannedOf({ instruction: `${WORDS}\n\n${payload}` });
    expectNoLess(attacked.plan, clean.plan);
    const { unread, questions, ...rest } = attacked.plan.plan;
    const { unread: _, questions: before, ...alone } = clean.plan.plan;
    // Prose that orders nothing needs no answer; it must then leave all of the plan as it was.
    if (unread.length + questions.length === before.length)
      expect({ ...rest, instruction: '' }).toEqual({ ...alone, instruction: '' });
    else expect(rest.checks).toEqual(alone.checks);
    expectShowable(attacked.plan);
  });

  test('reach a model as a value inside the one marked block, readable and without credentials', async () => {
    const diff = diffOf(
      'src/price.ts',
      BEFORE,
      `${AFTER}// ${onOneLine(payload)}\nconst a = ${JSON.stringify(payload)};\n`,
    );
    const asked = await sentFor(diff, payload);
    const clean = await sentFor(CLEAN, 'Cache prices');
    expect(asked?.system).toEqual(clean?.system);
    expect(asked?.tools).toEqual(clean?.tools);
    const [task] = asked?.messages ?? [];
    const text = task?.role === 'user' ? task.parts.map((part) => part.text).join('') : '';
    const [before = '', inside = '', after = '', ...more] = text.split(
      new RegExp(`</?untrusted ${NONCE}>`, 'g'),
    );
    // The forged edge uses the test's own nonce, which nobody outside can know.
    if (!payload.includes(NONCE)) {
      expect(more).toEqual([]);
      expect(() => JSON.parse(inside)).not.toThrow();
      const first = onOneLine(payload).slice(0, 24);
      expect(before + after).not.toContain(first);
      expect(inside.trim()).toSatisfy(isShowable);
    }
  });

  test('as the reason of an order, or as a name, are words in one line of ours and order nothing', async () => {
    const rig = await openRig();
    await rig.start(rollout());
    await rig.run(3_000);
    await rig.command({ verb: 'hold', by: payload, reason: payload });
    await rig.run(2_000);
    const said = rig.told.flatMap(({ headline, lines }) => [headline, ...lines]);
    expect(said.some((line) => line.includes(': hold by '))).toBe(true);
    for (const line of said) expect(line).toSatisfy(isShowable);
    const kinds = new Set((await rig.decisions()).map(({ kind }) => kind));
    expect(kinds.has('promote') || kinds.has('complete')).toBe(false);
  });

  test('as the name of a metric’s label, or of a check, reach neither a model’s facts nor a verdict', () => {
    const named = planned();
    const plan = {
      ...named,
      checks: named.checks.map((each) => ({ ...each, id: payload, why: payload })),
    };
    const samples = shares('http.error_rate', { canary: [300, 300], stable: [5, 2_700] }).map((sample) => ({
      ...sample,
      quality: { ...sample.quality, detail: payload },
    }));
    const state = running(plan, { stageSince: NOW });
    const { decision } = decide(plan, state, lookAt(plan, state, samples, NOW), NOW);
    const facts = JSON.stringify(summaryFacts(plan, decision));
    expect(facts).not.toContain(JSON.stringify(payload).slice(1, 20));
    expect(facts).not.toContain(payload.slice(0, 18));
    expect(explain(plan, decision).headline).not.toContain(payload.slice(0, 18));
    const twin = decide(named, running(named, { stageSince: NOW }), lookAt(named, state, samples, NOW), NOW);
    expect(decision.kind).toBe(twin.decision.kind);
  });
});
