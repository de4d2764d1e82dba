import { describe, expect, test } from 'vitest';
import { WEIGHTS } from '../../src/agent/experience/weights.ts';
import { readCases } from './labelled-case.ts';
import { digestOfLessons, learn, lessonOf, lessonsOf } from './learn.ts';

const cases = readCases();

describe('the weights', () => {
  test('were learned from the build split as it is: if not, run "npm run learn"', () => {
    expect(WEIGHTS.learnedFrom).toBe(digestOfLessons(lessonsOf(cases)));
  });

  test('have nothing of the held-out split', () => {
    const build = cases.filter(({ label }) => label.split === 'build');
    expect(build.length).toBeLessThan(cases.length);
    expect(lessonsOf(cases)).toHaveLength(build.length);
  });

  test('are the same for the same lessons, in whatever order', () => {
    const some = cases
      .filter(({ label }) => label.split === 'build' && label.class === 'cache')
      .map(lessonOf);
    expect(learn(some.toReversed())).toEqual(learn(some));
  });
});
