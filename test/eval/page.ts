import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BARS } from './bars.ts';
import { type Evaluation, SPLITS } from './evaluation.ts';
import { type Totals, totalsBy, totalsOf } from './totals.ts';

const PAGE = fileURLToPath(new URL('../../docs/evaluation.md', import.meta.url));
const BEGIN = '<!-- eval begins: written by `npm run eval` -->';
const END = '<!-- eval ends -->';

const COLUMNS = [
  'cases',
  'recall',
  'precision',
  'noise',
  'empty cases clean',
  'checks: median, most',
  'risk within one level (exact)',
  'intents and flags',
  'rollback safety',
];

/** Puts the tables between the page's markers. Throws when the page has lost them. */
export function writePage(tables: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error('docs/evaluation.md has lost its markers');
  writeFileSync(PAGE, `${page.slice(0, begin + BEGIN.length)}\n${tables}\n${page.slice(end)}`);
}

/**
 * The results as Markdown. Classes and languages are told for the split the rules are built with; of the other only sums are
 * shown, unless it is all there is, so that nobody tunes rules to it by reading this.
 */
export function tablesOf({ planners, relations }: Evaluation): string {
  const judged = planners[0]?.scores ?? [];
  const splits = SPLITS.filter((split) => judged.some(({ label }) => label.split === split));
  const ofSplit = (scores: typeof judged, split: string) =>
    scores.filter(({ label }) => label.split === split);
  const summary = planners.flatMap(({ planner, scores }) =>
    splits.map((split) => row(`${planner}, ${split}`, totalsOf(ofSplit(scores, split)))),
  );
  const shown = ofSplit(judged, splits[0] ?? 'build');
  const split = splits[0] ?? 'build';
  return [
    table('planner, split', COLUMNS, [
      ...summary,
      `| **bar** | | ${BARS.slice(0, 4)
        .map(({ line }) => line)
        .join(' | ')} | ≤ 4, ≤ 8 | ≥ 95 % | | |`,
    ]),
    table(`class (rules, ${split})`, COLUMNS, rowsBy(totalsBy(shown, ({ label }) => [label.class]))),
    table(`language (rules, ${split})`, COLUMNS, rowsBy(totalsBy(shown, ({ label }) => label.languages))),
    [
      '| relation | cases | broken |',
      '|---|--:|--:|',
      ...relations.map(({ name, cases, broken }) => `| ${name} | ${cases} | ${broken.length} |`),
    ].join('\n'),
  ].join('\n\n');
}

function table(head: string, columns: readonly string[], rows: readonly string[]): string {
  return [
    `| ${[head, ...columns].join(' | ')} |`,
    `|---|${columns.map(() => '--:|').join('')}`,
    ...rows,
  ].join('\n');
}

function rowsBy(groups: readonly (readonly [string, Totals])[]): readonly string[] {
  return groups.map(([name, totals]) => row(name.replaceAll('_', ' '), totals));
}

function row(name: string, totals: Totals): string {
  const cells = [
    String(totals.cases),
    share(totals.recall),
    share(totals.precision),
    share(totals.noise),
    totals.empties === 0 ? '–' : `${totals.emptiesClean} of ${totals.empties}`,
    totals.cases === totals.empties ? '–' : `${totals.medianChecks}, ${totals.mostChecks}`,
    `${percent(totals.riskWithinOne)} (${percent(totals.riskExact)})`,
    percent(totals.expectedRight),
    percent(totals.rollbackRight),
  ];
  return `| ${[name, ...cells].join(' | ')} |`;
}

function share(value: number | null): string {
  return value === null ? '–' : value.toFixed(2);
}

function percent(value: number | null): string {
  return value === null ? '–' : `${Math.round(value * 100)} %`;
}
