import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Newness } from '../../../src/agent/code/newness.ts';
import {
  chanceOfNothingNew,
  FOR,
  isOpenQuestion,
  leastChanceFor,
  signsOf,
} from '../../../src/agent/experience/nothing-new.ts';
import { recognise } from '../../../src/agent/experience/recognise.ts';
import { KINDS, KNOWN_TRAITS, WEIGHTS } from '../../../src/agent/experience/weights.ts';

const traits = [...KNOWN_TRAITS].sort();
const someTraits = fc.uniqueArray(fc.constantFrom(...traits), { maxLength: 60 });
const chancesOf = (names: readonly string[]) =>
  new Map(
    recognise(new Map(names.map((name) => [name, { amount: 1, lines: [] }]))).map(({ kind, chance }) => [
      kind,
      chance,
    ]),
  );

describe('what was learned of signals', () => {
  test('says of every kind how likely it is, the likeliest first', () => {
    const recognised = recognise(new Map([['says cache.hit_ratio mainly', { amount: 1, lines: [] }]]));
    expect(recognised.map(({ kind }) => kind).toSorted()).toEqual([...KINDS].sort());
    expect(recognised.map(({ chance }) => chance)).toEqual(
      recognised.map(({ chance }) => chance).toSorted((a, b) => b - a),
    );
    expect(chancesOf(['says cache.hit_ratio mainly']).get('cache.hit_ratio')).toBeGreaterThan(
      chancesOf([]).get('cache.hit_ratio') ?? 1,
    );
  });

  test('never makes a signal less likely for what is added to a change', () => {
    expect(traits.length).toBeGreaterThan(1_000);
    fc.assert(
      fc.property(someTraits, someTraits, (some, more) => {
        const [few, many] = [chancesOf(some), chancesOf([...new Set([...some, ...more])])];
        for (const kind of KINDS) expect(many.get(kind)).toBeGreaterThanOrEqual(few.get(kind) ?? 1);
      }),
    );
  });

  test('says the same in whatever order the traits come', () => {
    fc.assert(
      fc.property(someTraits, (names) => {
        expect(chancesOf(names.toReversed())).toEqual(chancesOf(names));
      }),
    );
  });
});

const count = fc.nat({ max: 40 });
const NONE: Newness = {
  linesBefore: 30,
  linesAfter: 30,
  callsNew: 0,
  callsLost: 0,
  deedsLost: 0,
  callsMore: 0,
  namesNew: 0,
  namesLost: 0,
  numbersNew: 0,
  numbersLost: 0,
  textsNew: 0,
  textsLost: 0,
  filledNew: 0,
  signsNew: 0,
  signsLost: 0,
  waitsNew: 0,
  waitsLost: 0,
  throwsNew: 0,
  throwsLost: 0,
  looped: 0,
  deedsLooped: 0,
  placed: 0,
};

const [, , ...COUNTS] = Object.keys(NONE) as (keyof Newness)[];
const newness: fc.Arbitrary<Newness> = fc
  .tuple(...Object.keys(NONE).map(() => count))
  .map(
    (counts) =>
      Object.fromEntries(Object.keys(NONE).map((name, at) => [name, counts[at]])) as unknown as Newness,
  );

describe('what was learned of changes that say nothing new', () => {
  test('makes no change look older for something new in it', () => {
    const newer = fc.constantFrom(...COUNTS);
    fc.assert(
      fc.property(newness, newer, fc.integer({ min: 1, max: 9 }), (before, what, more) => {
        const after = { ...before, [what]: before[what] + more };
        const chance = (each: Newness) => chanceOfNothingNew(each, WEIGHTS.nothingNew);
        expect(chance(after)).toBeLessThanOrEqual(chance(before));
      }),
    );
  });

  test('has no weight on the wrong side', () => {
    const names = [...signsOf(NONE).keys()];
    for (const [name, weight] of Object.entries(WEIGHTS.nothingNew.weights)) {
      expect(names).toContain(name);
      expect(FOR.has(name) ? weight : -weight).toBeGreaterThan(0);
    }
  });

  test.each([
    ['another number', { numbersNew: 1 }],
    ['another comparison', { signsNew: 1 }],
    ['one text in place of another', { textsNew: 1, textsLost: 1 }],
    ['something done for each', { looped: 1, deedsLooped: 1 }],
  ])('is no question where there is %s', (_, some) => {
    expect(isOpenQuestion(NONE)).toBe(true);
    expect(isOpenQuestion({ ...NONE, ...some })).toBe(false);
  });

  test.each([
    ['one known name in place of another', { namesNew: 1, namesLost: 1 }],
    ['something no longer done', { deedsLost: 1 }],
    ['something worked out for each', { looped: 1 }],
    ['something done twice whose place matters', { placed: 1 }],
  ])('must be surer where there is %s', (_, some) => {
    expect(leastChanceFor({ ...NONE, ...some })).toBeGreaterThan(leastChanceFor(NONE));
  });
});
