import { timeText } from '../render/time-text.ts';
import { formatChange, type WorldChange } from '../simulate/effect-text.ts';
import type { Expectation } from '../simulate/standard-changes.ts';
import type { Share, Summary } from '../simulate/summary.ts';

/** One effect's row of an answer. */
export interface Row {
  readonly change: WorldChange;
  readonly expectation: Expectation;
  readonly summary: Summary;
}

const HEADS = [
  'effect',
  'rolled back',
  'a person',
  'went out',
  'first action',
  '90th pct',
  'failed req.',
  'false alarms',
] as const;

/** The table: an effect a row, shares of the rollouts that started. Columns that say nothing anywhere are left out. */
export function tableText(rows: readonly Row[]): readonly string[] {
  const hasUnfinished = rows.some(({ summary }) => summary.unfinished.count > 0);
  const hasRefused = rows.some(({ summary }) => summary.refused > 0);
  const hasWidened = rows.some(({ summary }) => summary.widened > 0);
  const more = [
    ...(hasUnfinished ? ['unanswered'] : []),
    ...(hasWidened ? ['widened'] : []),
    ...(hasRefused ? ['not started'] : []),
  ];
  const cells = rows.map((row) => [
    ...cellsOf(row),
    ...(hasUnfinished ? [percentText(row.summary.unfinished)] : []),
    ...(hasWidened ? [String(row.summary.widened)] : []),
    ...(hasRefused ? [String(row.summary.refused)] : []),
  ]);
  const heads = [...HEADS, ...more];
  const widths = heads.map((head, at) => Math.max(head.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const lineOf = (row: readonly string[]) =>
    `  ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ')}`;
  return [lineOf(heads), ...cells.map(lineOf)];
}

function cellsOf({ change, expectation, summary }: Row): readonly string[] {
  const { rolledBack, person, complete, firstAction } = summary;
  const alarms = falseAlarms(expectation, summary);
  return [
    formatChange(change),
    percentText(rolledBack),
    percentText(person),
    percentText(complete),
    firstAction === null ? '–' : timeText(firstAction.medianMs),
    firstAction === null ? '–' : timeText(firstAction.p90Ms),
    amountText(summary.harmedRequests),
    alarms === 0 ? '0' : `${alarms} FALSE`,
  ];
}

/**
 * Rollbacks of what nobody should have rolled back. A change that does harm is never a false alarm, unless it was rolled back,
 * held or asked about before it did any.
 */
export function falseAlarms(expectation: Expectation, summary: Summary): number {
  switch (expectation) {
    case 'good':
    case 'shared':
    case 'allowed':
      return summary.rolledBack.count;
    case 'blind':
    case 'harm':
      return summary.early;
  }
}

/** The answer in words, a sentence or two an effect. */
export function sentences(rows: readonly Row[]): readonly string[] {
  return rows.map((row) => `${openingOf(row)} ${restOf(row)}`.trim());
}

function openingOf({ change, expectation, summary }: Row): string {
  const { rolledBack, person, complete } = summary;
  if (rolledBack.of === 0) return `“${formatChange(change)}”: not one of ${summary.rollouts} was started.`;
  const what = `“${formatChange(change)}”`;
  const rest = `${askedText(person)}, ${complete.count} went out to everyone`;
  switch (expectation) {
    case 'good':
      return `Good releases: ${ofText(rolledBack)} rolled back (${intervalText(rolledBack)}), ${askedText(person)}, ${complete.count} went out to everyone.`;
    case 'shared':
      return `${what} is nobody's change: ${ofText(rolledBack)} rolled back (${intervalText(rolledBack)}), ${rest}.`;
    case 'allowed':
      return `${what} lies inside your hold line: ${ofText(rolledBack)} rolled back (${intervalText(rolledBack)}), ${rest}.`;
    case 'blind':
      return `${what}: ${caughtText(summary, 'noticed')}; ${ofText(person)} went to a person, ${rolledBack.count} rolled back by itself, ${complete.count} went out to everyone.`;
    case 'harm':
      return `${what} is ${caughtText(summary, 'caught')}; ${ofText(rolledBack)} rolled back by itself (${intervalText(rolledBack)}), ${rest}${harmText(summary)}.`;
  }
}

/** A slow request has not failed: where none did, nothing is said of them. */
function harmText({ harmedRequests }: Summary): string {
  const requests = amountText(harmedRequests);
  return harmedRequests === 0
    ? ''
    : `; on average ${requests} requests fail by it until exposure is 0 or the rollout is over`;
}

function restOf({ expectation, summary }: Row): string {
  const parts = [
    summary.unfinished.count > 0 ? `${summary.unfinished.count} still wait for an answer.` : '',
    summary.refused > 0 ? `Starts that were refused: ${summary.refused}.` : '',
    summary.paused > 0 ? `${summary.paused} of those that went out had been held for a while.` : '',
    expectation === 'harm' && summary.early > 0 ? `${summary.early} acted before it began.` : '',
    summary.widened > 0 ? `${summary.widened} widened on little evidence.` : '',
    summary.blindPromotions > 0 ? `${summary.blindPromotions} promotions were not clear: that is a bug.` : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function caughtText({ firstAction, rolledBack }: Summary, verb: string): string {
  if (firstAction === null) return `never ${verb}`;
  const isAll = firstAction.count === rolledBack.of;
  const some = isAll ? '' : ` in ${firstAction.count} of ${rolledBack.of}`;
  return `${verb}${some} in a median of ${timeText(firstAction.medianMs)} (nine in ten within ${timeText(firstAction.p90Ms)})`;
}

function askedText({ count }: Share): string {
  return `${count} went to a person`;
}

function ofText({ count, of }: Share): string {
  return `${count} of ${of}`;
}

function intervalText({ low, high }: Share): string {
  return `95 % interval ${rounded(low * 100)} to ${rounded(high * 100)} %`;
}

function percentText({ share, of }: Share): string {
  return of === 0 ? '–' : `${rounded(share * 100)} %`;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Small amounts keep a decimal: half a failed request is not none. */
function amountText(value: number): string {
  return value === 0 ? '0' : value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en');
}
