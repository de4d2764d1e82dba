import type { Check, Line, Measure } from './check.ts';

/** What a ratio must also differ by before it counts: a tenth of a point of a share, 10 ms of a latency. */
const SHARE_FLOOR = 0.001;
const LATENCY_FLOOR_MS = 10;

export function bandFloor(measure: Measure): number {
  return measure.kind === 'share' ? SHARE_FLOOR : measure.kind === 'quantile' ? LATENCY_FLOOR_MS : 0;
}

export interface DirectedLine {
  readonly line: Line;
  readonly worse: Check['worse'];
}

/**
 * A line as an operator writes it in `sluice.yaml`, for a signal of this measure:
 * "+0.5 points", "-5 points" (difference of a share); "+20 percent" (ratio with the usual floor); "2 times" (ratio);
 * "above 300 ms", "below 95 percent", "above 0.8" (absolute); "+0.3" (difference in the signal's own unit, where it has no other).
 * Null for anything else.
 */
export function parseLine(text: string, measure: Measure): DirectedLine | null {
  const match = /^(above |below |[+-])?(\d+(?:\.\d+)?) ?(points?|percent|%|times|x|ms|s)?$/.exec(text.trim());
  if (match === null) return null;
  const [, lead = '', digits = '', unit = ''] = match;
  const value = Number(digits);
  const worse = lead === '-' || lead === 'below ' ? 'decrease' : 'increase';
  if (lead === 'above ' || lead === 'below ') {
    const at = absoluteValue(value, unit, measure);
    return at === null ? null : { worse, line: { compare: 'absolute', at } };
  }
  switch (unit) {
    case 'point':
    case 'points':
      return measure.kind === 'share' && value > 0
        ? { worse, line: { compare: 'difference', by: value / 100 } }
        : null;
    case 'ms':
    case 's':
      return measure.kind === 'quantile' && value > 0
        ? { worse, line: { compare: 'difference', by: unit === 's' ? value * 1000 : value } }
        : null;
    case 'percent':
    case '%':
      return percentLine(value, worse, measure);
    case 'times':
    case 'x':
      return value > 1 && lead === ''
        ? { worse: 'increase', line: { compare: 'ratio', times: value } }
        : null;
    default:
      return lead !== '' && value > 0 && isPlain(measure)
        ? { worse, line: { compare: 'difference', by: value } }
        : null;
  }
}

/** Whether the signal is a bare number in a unit of its own: orders, euros, retries per request. */
function isPlain({ kind }: Measure): boolean {
  return kind === 'count' || kind === 'mean' || kind === 'ratio' || kind === 'level';
}

/** A relative change of so many percent, with the floor below which nobody wants to be woken. */
export function percentLine(percent: number, worse: Check['worse'], measure: Measure): DirectedLine | null {
  const times = worse === 'increase' ? 1 + percent / 100 : 1 - percent / 100;
  if (percent <= 0 || times <= 0) return null;
  return { worse, line: { compare: 'band', times, floor: bandFloor(measure) } };
}

function absoluteValue(value: number, unit: string, measure: Measure): number | null {
  if (measure.kind === 'share') {
    if (unit === '%' || unit === 'percent') return value <= 100 ? value / 100 : null;
    return unit === '' && value <= 1 ? value : null;
  }
  if (measure.kind === 'quantile') return unit === 'ms' ? value : unit === 's' ? value * 1000 : null;
  return unit === '' ? value : unit === '%' || unit === 'percent' ? value / 100 : null;
}

/** The line as people read it: "+0.5 points", "+10 %", "×2", "above 300 ms". */
export function formatLine(line: Line, measure: Measure, worse: Check['worse']): string {
  const sign = worse === 'increase' ? '+' : '−';
  switch (line.compare) {
    case 'difference':
      return `${sign}${formatDelta(line.by, measure)}`;
    case 'ratio':
      return `×${round(line.times, 3)}`;
    case 'band':
      return `${sign}${round(Math.abs(line.times - 1) * 100, 2)} %`;
    case 'absolute':
      return `${worse === 'increase' ? 'above' : 'below'} ${formatValue(line.at, measure)}`;
  }
}

/** A value with its unit: "0.52 %", "241 ms". */
export function formatValue(value: number, measure: Measure): string {
  switch (measure.kind) {
    case 'share':
    case 'share_over':
      return `${round(value * 100, 2)} %`;
    case 'quantile':
      return `${round(value, value < 10 ? 1 : 0)} ms`;
    case 'count':
    case 'mean':
    case 'ratio':
    case 'level':
      return String(Math.abs(value) < 1 ? Number(value.toPrecision(3)) : round(value, 3));
  }
}

/** A difference with its unit, without sign: "0.5 points", "20 ms". */
export function formatDelta(delta: number, measure: Measure): string {
  if (measure.kind === 'share' || measure.kind === 'share_over') {
    const points = round(delta * 100, 2);
    return `${points} ${points === 1 ? 'point' : 'points'}`;
  }
  return formatValue(delta, measure);
}

function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
