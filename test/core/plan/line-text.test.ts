import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Check, Line, Measure } from '../../../src/core/plan/check.ts';
import { formatDelta, formatLine, formatValue, parseLine } from '../../../src/core/plan/line-text.ts';

const SHARE: Measure = { kind: 'share' };
const P95: Measure = { kind: 'quantile', p: 0.95 };
const LEVEL: Measure = { kind: 'level' };

describe('a line as operators write it', () => {
  test.each<{ text: string; measure: Measure; worse: Check['worse']; line: Line }>([
    { text: '+0.5 points', measure: SHARE, worse: 'increase', line: { compare: 'difference', by: 0.005 } },
    { text: '1 point', measure: SHARE, worse: 'increase', line: { compare: 'difference', by: 0.01 } },
    { text: '-5 points', measure: SHARE, worse: 'decrease', line: { compare: 'difference', by: 0.05 } },
    {
      text: '+20 percent',
      measure: P95,
      worse: 'increase',
      line: { compare: 'band', times: 1.2, floor: 10 },
    },
    { text: '+20%', measure: SHARE, worse: 'increase', line: { compare: 'band', times: 1.2, floor: 0.001 } },
    { text: '-20%', measure: LEVEL, worse: 'decrease', line: { compare: 'band', times: 0.8, floor: 0 } },
    { text: '2 times', measure: SHARE, worse: 'increase', line: { compare: 'ratio', times: 2 } },
    { text: '1.5x', measure: P95, worse: 'increase', line: { compare: 'ratio', times: 1.5 } },
    { text: '+50 ms', measure: P95, worse: 'increase', line: { compare: 'difference', by: 50 } },
    { text: '+1s', measure: P95, worse: 'increase', line: { compare: 'difference', by: 1_000 } },
    { text: 'above 300 ms', measure: P95, worse: 'increase', line: { compare: 'absolute', at: 300 } },
    { text: 'above 1 s', measure: P95, worse: 'increase', line: { compare: 'absolute', at: 1_000 } },
    { text: 'below 95 percent', measure: SHARE, worse: 'decrease', line: { compare: 'absolute', at: 0.95 } },
    { text: 'above 0.05', measure: SHARE, worse: 'increase', line: { compare: 'absolute', at: 0.05 } },
    { text: 'above 80', measure: LEVEL, worse: 'increase', line: { compare: 'absolute', at: 80 } },
  ])('$text of a $measure.kind', ({ text, measure, worse, line }) => {
    expect(parseLine(text, measure)).toEqual({ worse, line });
    expect(parseLine(` ${text} `, measure)).toEqual({ worse, line });
  });

  test.each<{ text: string; measure: Measure; why: string }>([
    { text: '', measure: SHARE, why: 'it is empty' },
    { text: 'soon', measure: SHARE, why: 'it has no number' },
    { text: '0.5', measure: SHARE, why: 'it has no unit' },
    { text: '0 points', measure: SHARE, why: 'no change is always reached' },
    { text: '5 points', measure: P95, why: 'a latency has no points' },
    { text: '+50 ms', measure: SHARE, why: 'a share has no time' },
    { text: '1 times', measure: SHARE, why: 'once as much is no change' },
    { text: '+2 times', measure: SHARE, why: 'a ratio has no sign' },
    { text: '-100%', measure: SHARE, why: 'nothing falls below nothing' },
    { text: 'above 300', measure: P95, why: 'a latency needs its unit' },
    { text: 'above 1.5', measure: SHARE, why: 'a share ends at 1' },
    { text: 'below 150 percent', measure: SHARE, why: 'a share ends at 100 %' },
    { text: '+Infinity points', measure: SHARE, why: 'it is not finite' },
    { text: '1e3 points', measure: SHARE, why: 'nobody writes so' },
  ])('$text of a $measure.kind is none: $why', ({ text, measure }) => {
    expect(parseLine(text, measure)).toBeNull();
  });

  test('any text has a reading or none, and every reading is finite and worse than no change', () => {
    const piece = fc.constantFrom(
      'above ',
      'below ',
      '+',
      '-',
      '0',
      '5',
      '.',
      '100',
      ' ',
      'points',
      '%',
      'x',
      'ms',
      's',
    );
    const text = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, fc.constantFrom(SHARE, P95, LEVEL), (written, measure) => {
        const read = parseLine(written, measure);
        if (read === null) return;
        const { line, worse } = read;
        if (line.compare === 'difference') expect(line.by).toBeGreaterThan(0);
        if (line.compare === 'absolute') expect(Number.isFinite(line.at)).toBe(true);
        if (line.compare === 'ratio' || line.compare === 'band') {
          expect(worse === 'increase' ? line.times > 1 : line.times > 0 && line.times < 1).toBe(true);
        }
      }),
      { numRuns: 120 },
    );
  });
});

describe('a line as people read it', () => {
  test.each<{ line: Line; measure: Measure; worse: Check['worse']; text: string }>([
    { line: { compare: 'difference', by: 0.005 }, measure: SHARE, worse: 'increase', text: '+0.5 points' },
    { line: { compare: 'difference', by: 0.01 }, measure: SHARE, worse: 'decrease', text: '−1 point' },
    { line: { compare: 'difference', by: 50 }, measure: P95, worse: 'increase', text: '+50 ms' },
    { line: { compare: 'ratio', times: 2 }, measure: SHARE, worse: 'increase', text: '×2' },
    { line: { compare: 'band', times: 1.1, floor: 10 }, measure: P95, worse: 'increase', text: '+10 %' },
    { line: { compare: 'band', times: 0.9, floor: 0 }, measure: SHARE, worse: 'decrease', text: '−10 %' },
    { line: { compare: 'absolute', at: 300 }, measure: P95, worse: 'increase', text: 'above 300 ms' },
    { line: { compare: 'absolute', at: 0.95 }, measure: SHARE, worse: 'decrease', text: 'below 95 %' },
  ])('$text', ({ line, measure, worse, text }) => {
    expect(formatLine(line, measure, worse)).toBe(text);
  });

  test('values carry their unit, small latencies a decimal', () => {
    expect(formatValue(0.0052, SHARE)).toBe('0.52 %');
    expect(formatValue(241.4, P95)).toBe('241 ms');
    expect(formatValue(3.25, P95)).toBe('3.3 ms');
    expect(formatValue(0.12345, LEVEL)).toBe('0.123');
    expect(formatDelta(0.01, SHARE)).toBe('1 point');
    expect(formatDelta(20, P95)).toBe('20 ms');
  });
});
