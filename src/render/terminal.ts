import { styleText } from 'node:util';
import type { CheckLine } from '../core/check-line.ts';
import { formatDuration } from '../core/duration.ts';
import type { Outcome } from '../core/gate/finding.ts';
import type { RolloutView } from '../core/rollout/view.ts';
import type { Summary } from '../core/summary.ts';
import { sparkline } from './sparkline.ts';

/** Decoration only: words and numbers come from the explanation. Colour is never the only mark. */
const MARKS: Readonly<
  Record<Outcome, { readonly mark: string; readonly style: 'green' | 'yellow' | 'red' | 'gray' }>
> = {
  clear: { mark: '✔', style: 'green' },
  ambiguous: { mark: '·', style: 'gray' },
  no_data: { mark: '?', style: 'yellow' },
  breach_hold: { mark: '▲', style: 'yellow' },
  breach_rollback: { mark: '✖', style: 'red' },
};

const TREND_WIDTH = 16;

/** A rollout as a block of lines: head, stages beside checks, the decision in force. */
export function rolloutBlock(view: RolloutView, now: number): readonly string[] {
  return [
    `${styleText('bold', view.target)}  ${view.id}  ${view.title}   ${phaseText(view)}`,
    ` ${stagesText(view, now)}`,
    ...checkTable(view.explanation?.checks ?? [], view.trends),
    ...decisionLines(view),
  ];
}

function phaseText(view: RolloutView): string {
  const at = view.stages[view.stageIndex]?.exposure ?? '';
  switch (view.phase) {
    case 'running': {
      if (view.isAwaitingPerson) return styleText('yellow', `ASKING at ${at}`);
      const isHeld = view.decision?.kind === 'hold';
      return isHeld ? styleText('yellow', `HOLDING at ${at}`) : styleText('cyan', `RUNNING at ${at}`);
    }
    case 'rolling_back':
      return styleText('red', 'ROLLING BACK');
    case 'rolled_back':
      return styleText('red', 'ROLLED BACK');
    case 'completed':
      return styleText('green', 'COMPLETE');
  }
}

function stagesText(view: RolloutView, now: number): string {
  const isOver = view.phase !== 'running';
  return view.stages
    .map((stage, index) => {
      if (index < view.stageIndex || view.phase === 'completed')
        return styleText('green', `✔ ${stage.exposure}`);
      if (index > view.stageIndex) return styleText('gray', `○ ${stage.exposure}`);
      if (isOver) return styleText('red', `✖ ${stage.exposure}`);
      const elapsed = view.stageSince === null ? 0 : Math.floor((now - view.stageSince) / 1000) * 1000;
      return styleText(
        'bold',
        `● ${stage.exposure} ${formatDuration(Math.max(elapsed, 0))} of ${formatDuration(stage.holdMs)}`,
      );
    })
    .join('  →  ');
}

const HEADS = ['', 'check', 'canary', 'stable', 'difference', 'lines', 'trend', ''] as const;

function checkTable(rows: readonly CheckLine[], trends: RolloutView['trends']): readonly string[] {
  if (rows.length === 0) return ['   no check has been read yet'];
  const cells = rows.map((row) => [
    MARKS[row.outcome].mark,
    row.name,
    row.canary,
    row.baseline,
    row.difference,
    row.lines,
    sparkline((trends[row.checkId] ?? []).slice(-TREND_WIDTH)),
    row.note,
  ]);
  const widths = HEADS.map((head, at) =>
    Math.max(head.length, ...cells.map((row) => (row[at] ?? '').length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, at) => (at >= 2 && at <= 4 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ');
  return [
    styleText('gray', `  ${line(HEADS)}`.trimEnd()),
    ...rows.map((row, at) => styleText(MARKS[row.outcome].style, `  ${line(cells[at] ?? [])}`.trimEnd())),
  ];
}

function decisionLines(view: RolloutView): readonly string[] {
  if (view.explanation === null) return [];
  const { headline, next, waived, summary } = view.explanation;
  if (view.phase !== 'running') return [`  ${headline}`];
  const head = [`  ${headline}`, ...waived.map((line) => styleText('yellow', `  ${line}`))];
  const note = view.note === null ? [] : [styleText('gray', `  The model adds: ${view.note.text}`)];
  if (summary === null) return [...head, styleText('gray', `  ${next}`), ...note];
  return [...head, ...summaryLines(summary), ...note];
}

/** What a person who has to weigh a case asks first, one line each. */
export function summaryLines({ what, howSure, settle, options }: Summary): readonly string[] {
  return [
    `    what it is         ${what}`,
    `    how sure           ${howSure}`,
    `    would settle it    ${settle}`,
    `    you can            ${options}`,
  ];
}

/** One line for lists and for output that is no terminal. */
export function rolloutLine(view: RolloutView): string {
  const stage = view.stages[view.stageIndex]?.exposure ?? '';
  const state = view.phase === 'running' ? (view.decision?.kind ?? 'starting') : view.phase;
  return `${view.id}  ${view.target}  ${state}  ${stage}  ${view.explanation?.headline ?? view.title}`;
}
