import { describe, expect, test } from 'vitest';
import { changedFileOf } from '../../../src/agent/code/changed-code.ts';
import { readDiff } from '../../../src/agent/diff/diff.ts';
import { drawnFrom } from '../../../src/agent/drawing.ts';
import { checkFromExperience } from '../../../src/agent/experience/check.ts';
import { traitsOf } from '../../../src/agent/experience/traits.ts';
import { diffOf } from '../diff-writing.ts';

const files = readDiff(diffOf('src/a.ts', 'go();\n', 'await redis.get(tariff);\ngo(tariff, season);\n'))
  .files.map(changedFileOf)
  .filter((file) => file !== null);
const said = drawnFrom(files);
const traits = traitsOf(files, said);
const checkBy = (...names: readonly string[]) =>
  checkFromExperience({ kind: 'payment.failure_rate', chance: 0.5, traits: names }, traits, said);

describe('a signal that only experience names', () => {
  test('is a guard that says by which words it was recognised, and where they stand', () => {
    expect(checkBy('word season', 'stem seaso', 'word tariff', 'says cache.hit_ratio')).toEqual({
      signalKind: 'payment.failure_rate',
      intent: 'guard',
      direction: 'increase',
      flags: [],
      why: 'src/a.ts:2 changes what has to do with "season" and "tariff"; changes like it need this signal watched.',
      evidence: ['src/a.ts:2', 'src/a.ts:1'],
      proposedBy: 'rule:experience',
    });
  });

  test('gives the reason of the detector it goes with, where that weighs more', () => {
    expect(checkBy('from cache cache.hit_ratio mainly', 'word season')?.why).toBe(
      'src/a.ts:1 starts to use a cache (redis.get); changes like it need this signal watched.',
    );
  });

  test('names beginnings of words where no whole one was known', () => {
    expect(checkBy('stem seaso')?.why).toContain('has to do with "seaso…";');
  });

  test('is not proposed where nothing of the change can be pointed at', () => {
    expect(checkBy()).toBeNull();
    expect(checkBy('word elsewhere')).toBeNull();
  });
});
