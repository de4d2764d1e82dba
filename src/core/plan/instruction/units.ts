import { type Atom, isTightDash, wordAt } from './atoms.ts';
import type { DurationUnit, Token } from './token.ts';

export const UNIT_MS: Readonly<Record<DurationUnit, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

export const DURATION_UNITS: ReadonlyMap<string, DurationUnit> = byWord({
  ms: 'ms msec msecs millisecond milliseconds millis millisec',
  s: 's sec secs second seconds',
  m: 'm min mins minute minutes minuts minuites mintues mintes',
  h: 'h hr hrs hour hours huors',
  d: 'd day days',
  w: 'w wk wks week weeks',
});

const MEASURE_UNITS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    mb: 'MB',
    gb: 'GB',
    kb: 'KB',
    mib: 'MiB',
    gib: 'GiB',
    tb: 'TB',
    rps: 'rps',
    qps: 'qps',
    rpm: 'rpm',
    megabytes: 'MB',
    gigabytes: 'GB',
  }),
);

export type Unit =
  | { readonly kind: 'duration'; readonly unit: DurationUnit; readonly next: number }
  | { readonly kind: 'measure'; readonly unit: string; readonly next: number }
  | { readonly kind: 'percent' | 'points' | 'bps' | 'times' | 'unclear'; readonly next: number };

/** A token without its place. The distribution keeps each kind with its own fields. */
type Placeless<T> = T extends unknown ? Omit<T, 'from' | 'to'> : never;

export function measured(value: number, unit: Unit): Placeless<Token> {
  switch (unit.kind) {
    case 'duration':
      return { kind: 'duration', ms: round(value * UNIT_MS[unit.unit]), value, unit: unit.unit };
    case 'measure':
      return { kind: 'measure', value, unit: unit.unit };
    case 'percent':
      return { kind: 'percent', value, isEveryone: false };
    case 'points':
      return { kind: 'points', value };
    case 'bps':
      return { kind: 'points', value: round(value / 100) };
    case 'times':
      return { kind: 'times', value };
    case 'unclear':
      return { kind: 'unclear' };
  }
}

export function unitAt(atoms: readonly Atom[], at: number, isArticle: boolean): Unit | null {
  const atom = atoms[at];
  if (atom?.kind !== 'word') return null;
  const { word } = atom;
  const pair = `${word} ${wordAt(atoms, at + 1) ?? ''}`;
  if (pair === 'basis points' || pair === 'basis point') return { kind: 'bps', next: at + 2 };
  if (pair === 'percentage points' || pair === 'percentage point') return { kind: 'points', next: at + 2 };
  if (pair === 'per cent') return percentUnit(atoms, at + 2);
  if (['%', 'percent', 'pct', 'percents', 'precent', 'percnt', 'perc', 'pc'].includes(word))
    return percentUnit(atoms, at + 1);
  if (['points', 'point', 'pp', 'pps', 'ppt', 'ppts', 'pts', 'pt', 'ponits', 'poitns'].includes(word))
    return { kind: 'points', next: at + 1 };
  if (['bps', 'bp', 'bips'].includes(word)) return { kind: 'bps', next: at + 1 };
  if (['x', 'times', 'fold'].includes(word) && !isArticle) return { kind: 'times', next: at + 1 };
  const duration = DURATION_UNITS.get(word);
  if (atom.text === 'M' || word === 'month' || word === 'months' || word === 'year' || word === 'years')
    return { kind: 'unclear', next: at + 1 };
  if (duration !== undefined && !(isArticle && word.length === 1))
    return { kind: 'duration', unit: duration, next: at + 1 };
  const measure = MEASURE_UNITS.get(word);
  if (measure !== undefined) return { kind: 'measure', unit: measure, next: at + 1 };
  return pair === 'requests per' && wordAt(atoms, at + 2) === 'second'
    ? { kind: 'measure', unit: 'rps', next: at + 3 }
    : null;
}

/** "%-points", "% points" and "percent points" are points. */
function percentUnit(atoms: readonly Atom[], at: number): Unit {
  const after = isTightDash(atoms, at) ? at + 1 : at;
  const word = wordAt(atoms, after);
  return word === 'points' || word === 'point' || word === 'pts'
    ? { kind: 'points', next: after + 1 }
    : { kind: 'percent', next: at };
}

function byWord(listed: Readonly<Record<DurationUnit, string>>): ReadonlyMap<string, DurationUnit> {
  const units = ['ms', 's', 'm', 'h', 'd', 'w'] as const;
  return new Map(units.flatMap((unit) => listed[unit].split(' ').map((word) => [word, unit] as const)));
}

/** Takes the binary noise off a product of decimals. */
function round(value: number): number {
  return Number(value.toPrecision(12));
}
