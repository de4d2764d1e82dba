import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../src/core/canonical-json.ts';

describe('canonical JSON', () => {
  test.each([
    { value: { b: 1, a: 2 }, text: '{"a":2,"b":1}' },
    { value: { 10: 'x', 9: 'y' }, text: '{"10":"x","9":"y"}' },
    { value: { a: undefined, b: null }, text: '{"b":null}' },
    { value: { é: 1, z: 2, Z: 3 }, text: '{"Z":3,"z":2,"é":1}' },
    { value: [3, [], {}, '\n', true], text: '[3,[],{},"\\n",true]' },
    { value: [-0, 1e21, 1e-7, 0.1], text: '[0,1e+21,1e-7,0.1]' },
    { value: '\ud800', text: '"\\ud800"' },
  ])('of $text', ({ value, text }) => {
    expect(canonicalJson(value)).toBe(text);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, undefined, () => 1, 1n, Symbol('x')])(
    'of %s is a bug where it appears',
    (value) => {
      expect(() => canonicalJson({ nested: [value] })).toThrow(TypeError);
    },
  );

  test('is JSON, means the same, and is the same again whatever order the keys had', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(canonicalJson(backwards(value))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('of different values differs', () => {
    const pair = fc.tuple(fc.jsonValue(), fc.jsonValue());
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const isSame = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        expect(canonicalJson(a) === canonicalJson(b)).toBe(isSame);
      }),
    );
  });
});

function backwards(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(backwards);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, backwards(member)]),
  );
}

/** Objects as ordered lists of members, so that the platform's own text can be compared. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [key, sorted(member)] as const);
  return { members: members.toSorted(([a], [b]) => (a < b ? -1 : 1)) };
}
