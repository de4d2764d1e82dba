import { expect, test } from 'vitest';
import { exportLog } from '../../src/engine/log-file.ts';
import { replay } from '../../src/engine/replay.ts';
import { check, ERROR_RATE, openRig, P95, planOf, ROLLOUT } from '../support/rollout-rig.ts';

test('a healthy change goes to everyone by itself, one stage at a time, never before its minimum', async () => {
  const rig = await openRig();
  expect(await rig.start(planOf({ checks: [ERROR_RATE, P95] }))).toMatchObject({ kind: 'started' });
  await rig.run(120_000);
  expect(await rig.state()).toMatchObject({ phase: 'completed', desired: { percent: 100 } });
  expect(rig.exposure.writes.map((write) => write.desired.percent)).toEqual([10, 25, 50, 100]);
  const promotions = (await rig.decisions()).filter((decision) => decision.kind === 'promote');
  expect(promotions.map((decision) => decision.reason)).toEqual(['all_clear', 'all_clear', 'all_clear']);
});

test('a regression that shows only when widely exposed is rolled back by itself within seconds', async () => {
  const rig = await openRig({ effects: [{ kind: 'step', by: 0.03, fromPercent: 25 }] });
  await rig.start(planOf());
  await rig.run(60_000);
  const decisions = await rig.decisions();
  const rollback = decisions.find((decision) => decision.kind === 'rollback');
  expect(rollback).toMatchObject({ reason: 'breach_rollback', exposure: '25%' });
  const entered = decisions.find((decision) => decision.kind === 'promote')?.at ?? 0;
  expect((rollback?.at ?? Infinity) - entered).toBeLessThanOrEqual(8_000);
  expect(await rig.state()).toMatchObject({ phase: 'rolled_back', desired: { percent: 0 } });
  expect(rig.exposure.now.percent).toBe(0);
});

test('a change between the hold and the rollback line is held, and a person rolls it back', async () => {
  const rig = await openRig({
    effects: [
      { kind: 'step', by: 0.007, fromPercent: 25 },
      { kind: 'stretch', signal: 'http.latency_p95', times: 1.8, fromPercent: 25 },
    ],
  });
  await rig.start(planOf({ checks: [ERROR_RATE, P95] }));
  await rig.run(40_000);
  expect((await rig.state()).desired.percent).toBe(25);
  expect(rig.told.some((message) => message.urgency === 'needs_person')).toBe(true);
  await rig.command({ verb: 'rollback' });
  await rig.run(10_000);
  expect(await rig.state()).toMatchObject({ phase: 'rolled_back', ended: 'person_rollback' });
  expect(rig.exposure.now.percent).toBe(0);
});

test.each(['unreachable', 'timeout', 'not_metrics', 'non_finite', 'metric_missing'] as const)(
  'telemetry that is %s never promotes: it holds, says why, and people are told',
  async (fault) => {
    const rig = await openRig({ effects: [{ kind: 'telemetry_fault', why: fault, fromMs: 8_001 }] });
    await rig.start(planOf());
    await rig.run(120_000);
    expect(await rig.state()).toMatchObject({ phase: 'running', stageIndex: 0 });
    const decisions = await rig.decisions();
    expect(decisions.at(-1)).toMatchObject({ kind: 'hold', reason: 'telemetry_blind' });
    expect(decisions.some((decision) => decision.kind === 'promote')).toBe(false);
    expect(rig.told.find((m) => m.urgency === 'needs_person')?.headline).toContain(`simulated ${fault}`);
  },
);

test('telemetry that comes back lets a held rollout go on', async () => {
  const rig = await openRig({
    effects: [{ kind: 'telemetry_fault', why: 'unreachable', fromMs: 8_001, forMs: 21_999 }],
  });
  await rig.start(planOf());
  await rig.run(150_000);
  expect((await rig.state()).phase).toBe('completed');
});

test('a canary that goes silent while stable reports is held', async () => {
  const rig = await openRig({ effects: [{ kind: 'dead', fromMs: 8_000 }] });
  await rig.start(planOf());
  await rig.run(30_000);
  expect((await rig.decisions()).at(-1)).toMatchObject({ kind: 'hold', reason: 'canary_silent' });
});

test('a service that falls silent at full exposure is held, not completed', async () => {
  const rig = await openRig({ effects: [{ kind: 'dead', fromMs: 46_000, fromPercent: 100 }] });
  const ladder = [10, 50, 100].map((percent) => ({
    exposure: { kind: 'percent' as const, percent },
    holdMs: 15_000,
  }));
  await rig.start(planOf({ ladder }));
  await rig.run(90_000);
  expect((await rig.state()).desired.percent).toBe(100);
  expect((await rig.decisions()).at(-1)).toMatchObject({ kind: 'hold', reason: 'canary_silent' });
});

test('too little traffic is refused before anything moves, with numbers and a workable ladder', async () => {
  const rig = await openRig({ traffic: { requestsPerMinute: 60 * 10, dailySwing: 0 } });
  const result = await rig.start(planOf());
  expect(result).toMatchObject({ kind: 'refused', why: { kind: 'not_clearable' } });
  expect(rig.exposure.writes).toEqual([]);
  if (result.kind !== 'refused' || result.why.kind !== 'not_clearable') throw new Error('not refused');
  const { preflight } = result.why;
  expect(preflight.workable).not.toBeNull();
  expect(preflight.stages[0]?.neededUnits).toBeGreaterThan(preflight.stages[0]?.expectedUnits ?? 0);
});

test('the ladder preflight proposes is one that preflight accepts', async () => {
  const rig = await openRig({ traffic: { requestsPerMinute: 60 * 10, dailySwing: 0 } });
  const result = await rig.start(planOf());
  if (result.kind !== 'refused' || result.why.kind !== 'not_clearable') throw new Error('not refused');
  const ladder = result.why.preflight.workable;
  if (ladder === null) throw new Error('no ladder');
  const again = await openRig({ traffic: { requestsPerMinute: 60 * 10, dailySwing: 0 } });
  expect(await again.start(planOf({ ladder }))).toMatchObject({ kind: 'started' });
});

test('every decision replays from the exported log to the same bytes', async () => {
  const rig = await openRig({ effects: [{ kind: 'step', by: 0.03, fromPercent: 25 }] });
  await rig.start(planOf({ checks: [ERROR_RATE, P95] }));
  await rig.run(60_000);
  const text = (await exportLog(rig.parts.store, ROLLOUT)) ?? '';
  const found = replay(text);
  expect(found.fault).toBeNull();
  expect(found.decisions).toEqual(await rig.decisions());
  expect(found.state).toEqual(await rig.state());
});

test('a person’s hold stops promotion, and resume starts the stage over', async () => {
  const rig = await openRig();
  await rig.start(planOf());
  await rig.run(5_000);
  await rig.command({ verb: 'hold', reason: 'lunch' });
  await rig.run(60_000);
  expect(await rig.state()).toMatchObject({ stageIndex: 0 });
  expect((await rig.decisions()).at(-1)).toMatchObject({ kind: 'hold', reason: 'person_hold', by: 'alice' });
  await rig.command({ verb: 'resume' });
  await rig.run(9_000);
  expect(await rig.state()).toMatchObject({ stageIndex: 0 });
  await rig.run(120_000);
  expect((await rig.state()).phase).toBe('completed');
});

test('a promotion ordered for a stage that has moved on is refused', async () => {
  const rig = await openRig();
  await rig.start(planOf());
  await rig.run(15_000);
  await rig.command({ verb: 'promote', expectedEpoch: 1 });
  const log = await rig.parts.store.readLog(ROLLOUT, 1);
  expect(log.find((entry) => entry.kind === 'commanded')?.payload).toMatchObject({
    outcome: { kind: 'refused' },
  });
});

test('a person cannot promote over a breach of a critical check', async () => {
  const rig = await openRig({ effects: [{ kind: 'step', by: 0.01, fromPercent: 25 }] });
  await rig.start(planOf());
  await rig.run(40_000);
  await rig.command({ verb: 'promote' });
  expect((await rig.state()).desired.percent).toBeLessThanOrEqual(25);
  expect(rig.told.some((message) => message.lines.some((line) => line.includes('refused')))).toBe(true);
});

const PROPOSED = check({
  ...P95,
  id: 'rule:http.latency_p95',
  severity: 'major',
  provenance: [{ source: 'rule', from: 'a rule', evidence: [] }],
});
const SLOWER = { kind: 'stretch', signal: 'http.latency_p95', times: 1.8, fromPercent: 25 } as const;
const WAIVE = { verb: 'waive', check: PROPOSED.id, reason: 'slower as meant' } as const;

test('a rollout that a proposed check holds goes on once it is waived, and is held again in the next stage', async () => {
  const rig = await openRig({ effects: [SLOWER] });
  await rig.start(planOf({ checks: [ERROR_RATE, PROPOSED] }));
  await rig.run(30_000);
  expect((await rig.decisions()).at(-1)).toMatchObject({ reason: 'breach_hold', exposure: '25%' });
  await rig.command(WAIVE);
  expect(await rig.state()).toMatchObject({ desired: { percent: 50 } });
  await rig.run(25_000);
  expect(await rig.state()).toMatchObject({ desired: { percent: 50 } });
  expect((await rig.decisions()).at(-1)).not.toHaveProperty('waived');
  const line = `${PROPOSED.id} does not vote in this stage: waived by alice, because: slower as meant`;
  expect(rig.told.find(({ headline }) => headline.includes('promoted from 25%'))).toMatchObject({
    headline: `checkout: promoted from 25% to 50%: its check is clear (${PROPOSED.id} waived by alice)`,
    lines: expect.arrayContaining([line]),
  });
  expect(rig.told.some(({ headline }) => headline.includes(`waive ${PROPOSED.id} by alice: slower`))).toBe(
    true,
  );
});

test('a rollout that had to ask about a proposed check goes on at its waiver, to the end where each stage gets one', async () => {
  const rig = await openRig({ effects: [SLOWER] });
  await rig.start(planOf({ checks: [ERROR_RATE, PROPOSED] }));
  await rig.run(60_000);
  expect((await rig.decisions()).at(-1)).toMatchObject({ kind: 'ask', exposure: '25%' });
  for (let stage = 1; stage <= 3; stage++) {
    await rig.command(WAIVE);
    await rig.run(60_000);
  }
  expect(await rig.state()).toMatchObject({ phase: 'completed', desired: { percent: 100 } });
  const found = replay((await exportLog(rig.parts.store, ROLLOUT)) ?? '');
  expect(found.fault).toBeNull();
  expect(found.decisions).toEqual(await rig.decisions());
  expect(found.state).toEqual(await rig.state());
});

test('a required check is not waived: the rollout stays held, and people are told why', async () => {
  const rig = await openRig({ effects: [SLOWER] });
  await rig.start(planOf({ checks: [ERROR_RATE, { ...P95, severity: 'major' }] }));
  await rig.run(30_000);
  await rig.command({ ...WAIVE, check: P95.id });
  await rig.run(10_000);
  expect(await rig.state()).toMatchObject({ desired: { percent: 25 } });
  expect(await rig.state()).not.toHaveProperty('waived');
  const refusal = rig.told.find(({ headline }) => headline.includes('was refused'));
  expect(refusal?.headline).toContain(`${P95.id} is required by the instruction`);
});

test('an exposure backend that fails is written again until it agrees', async () => {
  const rig = await openRig({ effects: [{ kind: 'step', by: 0.05, fromPercent: 25 }] });
  await rig.start(planOf());
  await rig.run(13_000);
  rig.exposure.isDown = true;
  await rig.run(10_000);
  rig.exposure.isDown = false;
  await rig.run(20_000);
  expect(rig.exposure.now.percent).toBe(0);
  expect((await rig.state()).phase).toBe('rolled_back');
});

test('a clock that jumps forward an hour ends no stage early', async () => {
  const rig = await openRig();
  await rig.start(planOf());
  await rig.run(3_000);
  rig.jump(3_600_000);
  await rig.run(4_000);
  expect(await rig.state()).toMatchObject({ stageIndex: 0 });
  expect((await rig.decisions()).at(-1)).toMatchObject({ kind: 'wait', reason: 'stage_minimum' });
  await rig.run(10_000);
  expect((await rig.state()).stageIndex).toBe(1);
});
