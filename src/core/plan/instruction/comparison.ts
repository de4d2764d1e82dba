import type { Comparison } from './condition.ts';
import type { InstructionRule } from './line.ts';
import { factsOf, isTimed } from './metrics.ts';
import type { Value } from './sides.ts';
import type { Metric } from './token.ts';

/** A condition either trips when it is so ("hold if …") or when it stops being so ("advance while …"). */
export type Polarity = 'trips' | 'requires';

/** How one comparison reads for one metric: as the measured half of a rule, as a question, or not at all. */
export type Judged =
  | {
      readonly kind: 'rule';
      readonly rule: Omit<InstructionRule, 'action' | 'notify' | 'phrase'>;
      readonly doubt: string | null;
    }
  | { readonly kind: 'question'; readonly text: string }
  | { readonly kind: 'refused' };

export interface Setting {
  readonly polarity: Polarity;
  /** "hold at 2 points" names no direction, so the metric's own bad one is meant. */
  readonly isBare: boolean;
  /** The clause before spoke of a difference, so "exceeds 2%" may still mean one. */
  readonly isElliptic: boolean;
  readonly phrase: string;
}

/**
 * One comparison for one metric.
 *
 * A percentage of something that is itself read in percent has two readings when it is a difference: points, or percent of
 * its own value. Those become a question, and no rule. A level ("is above 2%") has one reading and is absolute.
 */
export function judge(judged: Comparison, metric: Metric, setting: Setting): Judged {
  const comparison = pointed(judged, metric);
  if (comparison === null)
    return ask(setting, `which way is the bad one for ${metric}, up or down? Write “rises” or “falls”.`);
  const direction = directionOf(comparison, metric, setting);
  if (direction === null) return { kind: 'refused' };
  const measured = measure(comparison, metric, setting);
  if (measured.kind !== 'measured') return measured;
  const { compare, value, unit } = measured;
  if (!(value > 0) && compare !== 'absolute')
    return ask(setting, `${value} leaves no room between healthy and not. Which margin is meant?`);
  if (value < 0) return ask(setting, `a negative ${value} cannot be compared with. Which value is meant?`);
  const against = compare === 'absolute' ? 'fixed' : (comparison.against ?? 'stable');
  const { worse } = factsOf(metric);
  const isOdd =
    (direction === 'below' && worse === 'increase') || (direction === 'above' && worse === 'decrease');
  const usual = worse === 'increase' ? 'above' : 'below';
  const doubt = isOdd
    ? `“${setting.phrase}”: this acts when ${metric} is ${direction} the line, though ${metric} going ${usual} it is the bad direction. Is it meant?`
    : null;
  return { kind: 'rule', rule: { metric, compare, value, against, direction, unit }, doubt };
}

/** "worse" and "faster" pointed the way they mean for this metric; null where nobody but its owner can say. */
function pointed(comparison: Comparison, metric: Metric): Comparison | null {
  if (comparison.quality === null || (comparison.side !== 'above' && comparison.side !== 'below'))
    return comparison;
  const { worse } = factsOf(metric);
  if (worse === 'either') return null;
  const isUp = (worse === 'increase') === (comparison.quality === 'worse');
  return { ...comparison, side: isUp ? 'above' : 'below' };
}

function directionOf(
  comparison: Comparison,
  metric: Metric,
  setting: Setting,
): InstructionRule['direction'] | null {
  const worse = factsOf(metric).worse === 'decrease' ? 'below' : 'above';
  if (comparison.isNoWorse) {
    const agrees = comparison.side === null || comparison.side === worse;
    return agrees && setting.polarity === 'requires' && !comparison.isNegated ? worse : null;
  }
  const side = comparison.side ?? (setting.isBare ? worse : null);
  const isTurned = comparison.isNegated !== (setting.polarity === 'requires');
  if (side === null) return null;
  if (side === 'inside') return isTurned ? 'either' : null;
  if (side === 'outside') return isTurned ? null : 'either';
  if (!isTurned) return side;
  // "not 2 points above stable" is not "2 points below stable"; only a fixed line or a ratio can be turned around.
  const isDifference = comparison.isDifference || comparison.value?.kind === 'points';
  if (isDifference && comparison.value?.kind !== 'times' && comparison.times === null) return null;
  return side === 'above' ? 'below' : 'above';
}

type Measured =
  | {
      readonly kind: 'measured';
      readonly compare: InstructionRule['compare'];
      readonly value: number;
      readonly unit: string;
    }
  | { readonly kind: 'question'; readonly text: string }
  | { readonly kind: 'refused' };

function measure(comparison: Comparison, metric: Metric, setting: Setting): Measured {
  const { value } = comparison;
  if (comparison.times !== null)
    return { kind: 'measured', compare: 'times', value: comparison.times, unit: 'times' };
  if (value === null) return { kind: 'refused' };
  switch (value.kind) {
    case 'times':
      return isCounted(comparison, metric)
        ? ask(
            setting,
            `is that a figure of ${value.value}, or ${value.value} times what stable has? Write “exceeds ${value.value}” or “${value.value} times stable”.`,
          )
        : { kind: 'measured', compare: 'times', value: value.value, unit: 'times' };
    case 'points':
      return factsOf(metric).isPercent || metric.startsWith('custom:')
        ? { kind: 'measured', compare: 'points', value: value.value, unit: 'points' }
        : ask(setting, `${metric} is not read in percent, so it has no points. Which unit is meant?`);
    case 'percent':
      return measurePercent(comparison, value.value, metric, setting);
    case 'duration':
    case 'measure':
      return measureUnit(comparison, value, metric);
    case 'number':
      return measureNumber(comparison, value.value, metric, setting);
  }
}

/** "restart more than 3 times": of what is counted or read off, that may be a figure. */
function isCounted(comparison: Comparison, metric: Metric): boolean {
  const { shape } = factsOf(metric);
  const isFigure = metric.startsWith('custom:') || shape === 'level' || shape === 'count';
  return isFigure && comparison.against === null && !comparison.isDifference;
}

function measurePercent(comparison: Comparison, value: number, metric: Metric, setting: Setting): Measured {
  const { isPercent, shape } = factsOf(metric);
  const percent: Measured = { kind: 'measured', compare: 'percent', value, unit: 'percent' };
  if (comparison.isRatio) {
    return value < 50
      ? ask(setting, `is that ${value}% above the other side, or only ${value}% of it?`)
      : { kind: 'measured', compare: 'times', value: value / 100, unit: 'times' };
  }
  if (comparison.isRelative) return percent;
  if (comparison.isNoWorse && comparison.against === null && !comparison.isDifference && isPercent) {
    const usually = factsOf(metric).worse === 'decrease' ? 'below' : 'above';
    return ask(
      setting,
      `is ${value}% the level that ${metric} must not be ${usually}, ${value} points ${usually} stable, or ${value} percent ${usually} it? ` +
        `Write “${usually} ${value}%”, “${value} points ${usually} stable” or “${value} percent relative”.`,
    );
  }
  if (comparison.isDifference || comparison.isNoWorse) {
    if (comparison.isOutright && isPercent)
      return { kind: 'measured', compare: 'points', value, unit: 'points' };
    if (!isPercent || value >= 100) return percent;
    if (comparison.side === 'inside' && comparison.against !== null) return percent;
    return ask(setting, twoReadings(value, comparison.side === 'below', shape === 'level' ? 50 : 1));
  }
  if (shape === 'quantile') return percent;
  if (!isPercent && !metric.startsWith('custom:'))
    return ask(setting, `is that ${value}% of what stable has, or of some other amount?`);
  if (setting.isElliptic && comparison.isPronoun) {
    return ask(
      setting,
      `does ${value}% mean a level of ${value}%, ${value} points more than the other side, or ${value} percent more than it?`,
    );
  }
  if (value > 100 && isPercent)
    return ask(setting, `${metric} cannot go above 100%. Is that ${value} percent of what stable has?`);
  return { kind: 'measured', compare: 'absolute', value, unit: 'percent' };
}

function measureUnit(
  comparison: Comparison,
  value: Extract<Value, { readonly kind: 'duration' | 'measure' }>,
  metric: Metric,
): Measured {
  if (value.kind === 'duration' && !isTimed(metric)) return { kind: 'refused' };
  if (value.kind === 'measure' && factsOf(metric).shape !== 'level') return { kind: 'refused' };
  return {
    kind: 'measured',
    compare: comparison.isDifference ? 'points' : 'absolute',
    value: value.value,
    unit: value.unit,
  };
}

function measureNumber(comparison: Comparison, value: number, metric: Metric, setting: Setting): Measured {
  const { shape, isPercent } = factsOf(metric);
  if (shape === 'quantile')
    return ask(setting, `${value} has no unit. Milliseconds, seconds, or percent of stable?`);
  if (shape === 'level' && !isPercent) {
    return {
      kind: 'measured',
      compare: comparison.isDifference ? 'points' : 'absolute',
      value,
      unit: 'count',
    };
  }
  if (value < 1 && value > 0 && !comparison.isDifference)
    return { kind: 'measured', compare: 'absolute', value, unit: 'share' };
  return ask(
    setting,
    `${value} has no unit. ${value} percent, ${value} points more than stable, or a count?`,
  );
}

function twoReadings(value: number, isBelow: boolean, usual: number): string {
  const [base, sign] = isBelow ? [90, -1] : [usual, 1];
  const points = tidy(base + sign * value);
  const inPoints = value === 1 ? '1 point' : `${value} points`;
  const relative = tidy(base * (1 + (sign * value) / 100));
  return (
    `is that ${inPoints} (${base}% becomes ${points}%) or ${value} percent of its own value (${base}% becomes ${relative}%)? ` +
    `Write “${inPoints}” or “${value} percent relative”.`
  );
}

function ask(setting: Setting, text: string): { readonly kind: 'question'; readonly text: string } {
  return { kind: 'question', text: `“${setting.phrase}”: ${text}` };
}

/** A number without binary noise. */
function tidy(value: number): number {
  return Number(value.toPrecision(6));
}
