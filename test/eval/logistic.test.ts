import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Example, regress, STRENGTH } from './logistic.ts';

const NAMES = ['a', 'b', 'c'];
const example: fc.Arbitrary<Example> = fc
  .tuple(...NAMES.map((name) => fc.constantFrom(0, 0.4, 1).map((value) => [name, value] as const)))
  .map((pairs) => new Map(pairs));
const lessons = fc.array(fc.tuple(example, fc.constantFrom(0, 0.15, 1)), { minLength: 4, maxLength: 40 });

/** Of the penalised loss, by the weight of `name`, or by the start. */
function slopeAt(
  examples: readonly Example[],
  outcomes: readonly number[],
  start: number,
  weights: Readonly<Record<string, number>>,
  name: string | null,
): number {
  return examples.reduce(
    (total, each, row) => {
      const sum = NAMES.reduce((so, other) => so + (weights[other] ?? 0) * (each.get(other) ?? 0), start);
      const value = name === null ? 1 : (each.get(name) ?? 0);
      return total + STRENGTH * value * (1 / (1 + Math.exp(-sum)) - (outcomes[row] ?? 0));
    },
    name === null ? 0 : (weights[name] ?? 0),
  );
}

test('ends where no weight could be better without crossing zero', () => {
  fc.assert(
    fc.property(lessons, fc.boolean(), (some, isAbove) => {
      const [examples, outcomes] = [some.map(([each]) => each), some.map(([, outcome]) => outcome)];
      // Where all outcomes are alike the best start is without end.
      fc.pre(new Set(outcomes).size > 1);
      const side = isAbove ? 'never below zero' : 'never above zero';
      const { start, weights } = regress(examples, outcomes, () => side, 0);
      // Rounding to two places moves the slope by less than this.
      const slack = 0.01 + 0.01 * STRENGTH * examples.length;
      expect(Math.abs(slopeAt(examples, outcomes, start, weights, null))).toBeLessThan(slack);
      for (const name of NAMES) {
        const slope = slopeAt(examples, outcomes, start, weights, name);
        const weight = weights[name] ?? 0;
        if (isAbove) expect(weight).toBeGreaterThanOrEqual(0);
        else expect(weight).toBeLessThanOrEqual(0);
        if (weight !== 0) expect(Math.abs(slope)).toBeLessThan(slack);
        // At zero only a step to the forbidden side would be downhill.
        else expect(isAbove ? -slope : slope).toBeLessThan(slack);
      }
    }),
  );
});

test('what always comes with an outcome weighs, what comes with anything does not', () => {
  const examples = Array.from(
    { length: 40 },
    (_, at) =>
      new Map([
        ['a', at % 2],
        ['b', at % 4 < 2 ? 1 : 0],
      ]),
  );
  const outcomes = examples.map((each) => each.get('a') ?? 0);
  const { weights } = regress(examples, outcomes, () => 'never below zero', 0.04);
  expect(weights['a']).toBeGreaterThan(1);
  expect(weights['b']).toBeUndefined();
});
