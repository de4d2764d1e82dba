import { describe, expect, test } from 'vitest';
import { checkLine } from '../../../src/core/check-line.ts';
import type { Line, Measure } from '../../../src/core/plan/check.ts';
import { formatDelta, formatLine, parseLine } from '../../../src/core/plan/line-text.ts';
import { judged, remembered, revenue, sumsOf } from './moments-looks.ts';

const PLAIN: readonly Measure[] = [
  { kind: 'mean', cuped: false },
  { kind: 'ratio' },
  { kind: 'count' },
  { kind: 'level' },
];

describe.each(PLAIN)('a line for a $kind', (measure) => {
  test.each<{
    readonly text: string;
    readonly worse: 'increase' | 'decrease';
    readonly line: Line;
    readonly read: string;
  }>([
    { text: '+0.3', worse: 'increase', line: { compare: 'difference', by: 0.3 }, read: '+0.3' },
    { text: '-0.0004', worse: 'decrease', line: { compare: 'difference', by: 0.0004 }, read: '−0.0004' },
    { text: '+5 percent', worse: 'increase', line: { compare: 'band', times: 1.05, floor: 0 }, read: '+5 %' },
    { text: '-2 percent', worse: 'decrease', line: { compare: 'band', times: 0.98, floor: 0 }, read: '−2 %' },
    { text: 'above 1.5', worse: 'increase', line: { compare: 'absolute', at: 1.5 }, read: 'above 1.5' },
    { text: 'below 40', worse: 'decrease', line: { compare: 'absolute', at: 40 }, read: 'below 40' },
    { text: '2 times', worse: 'increase', line: { compare: 'ratio', times: 2 }, read: '×2' },
  ])('reads $text and writes $read', ({ text, worse, line, read }) => {
    expect(parseLine(text, measure)).toEqual({ worse, line });
    expect(formatLine(line, measure, worse)).toBe(read);
  });

  test.each(['0.3', '+0', '+0.3 points', '+20 ms'])('does not read %s', (text) => {
    expect(parseLine(text, measure)).toBeNull();
  });
});

describe('a bare number', () => {
  test.each<Measure>([{ kind: 'share' }, { kind: 'quantile', p: 0.95 }])(
    'is no line for a $kind, which has a unit to name',
    (measure) => {
      expect(parseLine('+0.3', measure)).toBeNull();
    },
  );

  test('keeps three figures below one', () => {
    expect(formatDelta(0.012345, { kind: 'ratio' })).toBe('0.0123');
  });
});

describe('a row of the report', () => {
  const row = (hold: Line, canary: number) => {
    const of = revenue({ hold, rollback: null });
    return checkLine(
      of,
      judged(of, remembered(of, [{ canary: sumsOf(500, canary, 3), stable: sumsOf(500, 8, 3) }])),
    );
  };

  test('says a difference in the unit of its line', () => {
    const { canary, baseline, difference, lines } = row({ compare: 'difference', by: 0.3 }, 7.6);
    expect([canary, baseline, difference, lines]).toEqual(['7.6', '8', '−0.4', 'hold −0.3']);
  });

  test('says a relative change in percent', () => {
    const { difference, lines } = row({ compare: 'band', times: 0.95, floor: 0 }, 7.6);
    expect([difference, lines]).toEqual(['−5 %', 'hold −5 %']);
  });

  test('gives no direction to no difference', () => {
    expect(row({ compare: 'difference', by: 0.3 }, 8).difference).toBe('0');
  });
});
