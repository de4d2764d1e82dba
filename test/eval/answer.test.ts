import { expect, test } from 'vitest';
import type { Proposal, ProposedCheck } from '../../src/core/plan/proposal.ts';
import { SIGNAL_KINDS, type SignalKind } from '../../src/core/plan/signal-kinds.ts';
import { answering } from './answer.ts';

const checkOf = (signalKind: SignalKind, over: Partial<ProposedCheck> = {}): ProposedCheck => ({
  signalKind,
  intent: 'guard',
  direction: 'increase',
  flags: [],
  why: 'It does.',
  evidence: [],
  proposedBy: 'test',
  ...over,
});

async function answerTo(over: Partial<Proposal>) {
  const proposal: Proposal = {
    source: 'rule',
    risk: 'low',
    riskReasons: [],
    rollbackSafe: 'yes',
    surfaces: [],
    checks: [],
    unobservable: [],
    size: { files: 1, added: 1, removed: 0 },
    ...over,
  };
  const planner = answering('fake', { propose: async () => proposal });
  return planner.answer({ diff: '', title: '' });
}

test('what the merge drops beyond its cap was not proposed', async () => {
  const kinds = Object.keys(SIGNAL_KINDS).slice(0, 12) as SignalKind[];
  const { watched, checks } = await answerTo({ checks: kinds.map((kind) => checkOf(kind)) });
  expect(checks).toBeLessThanOrEqual(8);
  expect(watched.length).toBe(checks);
});

test('what the plan says it cannot see counts as named, once, and is no check', async () => {
  const late = { what: SIGNAL_KINDS['queue.job_failure_rate'].text, why: 'It runs monthly.' };
  const answer = await answerTo({
    checks: [checkOf('db.lock_wait')],
    unobservable: [late, { ...late, what: SIGNAL_KINDS['db.lock_wait'].text }],
  });
  expect(answer.watched.map(({ signalKind, intent }) => [signalKind, intent])).toEqual([
    ['db.lock_wait', 'guard'],
    ['queue.job_failure_rate', 'not_observable'],
  ]);
  expect(answer.checks).toBe(1);
});

test('a signal both fleets share stays named with its flag', async () => {
  const { watched } = await answerTo({
    checks: [checkOf('cache.evictions', { flags: ['shared_by_both_fleets'] })],
  });
  expect(watched.map(({ flags }) => flags)).toEqual([['shared_by_both_fleets']]);
});
