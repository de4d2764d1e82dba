import { MAIN, TRAFFICS, trafficText } from './cells.ts';
import { COMPETITORS, type MethodId, methodName } from './methods.ts';
import type { Result } from './results.ts';
import { percentText } from './tables.ts';

const MINUTE_MS = 60_000;
const METHODS: readonly MethodId[] = ['sluice', ...COMPETITORS.filter((id) => id !== 'mann_whitney_98')];

/** One column of a panel: what is measured, on which effect, and how long its bars may get. */
interface Measure {
  readonly title: string;
  readonly under: string;
  readonly effect: string;
  readonly most: number;
  of(result: Result): number | null;
  text(value: number): string;
}

const share = (value: number) => `${percentText(value)} %`;

const MEASURES: readonly Measure[] = [
  {
    title: 'good releases rolled back',
    under: 'no effect',
    effect: 'none',
    most: 100,
    of: ({ summary }) => (100 * summary.rolledBack) / summary.rollouts,
    text: share,
  },
  {
    title: 'good releases asked about',
    under: 'no effect; a person must look',
    effect: 'none',
    most: 100,
    of: ({ summary }) => (100 * summary.person) / summary.rollouts,
    text: share,
  },
  {
    title: 'bad releases promoted',
    under: '+0.7 points, hold line at 0.5',
    effect: '+0.7',
    most: 100,
    of: ({ summary }) => (100 * summary.complete) / summary.rollouts,
    text: share,
  },
  {
    title: 'time to first action',
    under: '+2 points, median of all rollouts',
    effect: '+2',
    most: 60,
    of: ({ summary: { actionMedianOfAllMs } }) =>
      actionMedianOfAllMs === null ? null : actionMedianOfAllMs / MINUTE_MS,
    text: (value) => `${Number(value.toFixed(1))} min`,
  },
];

const WIDTH = 1180;
const LABEL_WIDTH = 190;
const BAR_WIDTH = 165;
const GAP = 74;
const ROW = 20;
const PANEL_TOP = 44;
const TOP = 92;
const PANEL_GAP = 26;
const PANEL = PANEL_TOP + METHODS.length * ROW + PANEL_GAP;
const INK = '#1f2937';
const QUIET = '#5b6472';
const LINE = '#e2e6ec';
const OWN = '#0f766e';
const OTHER = '#94a3b8';
const BOUND = '#cbd5e1';

/** The main tables as bars: for each traffic level, what goes wrong with good releases, with bad ones, and how long it takes. */
export function pictureOf(results: readonly Result[]): string {
  const main = results.filter(({ cell }) => cell.table === MAIN);
  const height = TOP + TRAFFICS.length * PANEL + 34;
  const panels = TRAFFICS.map((traffic, at) => panelOf(main, traffic, TOP + at * PANEL));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif" role="img">`,
    '<title>The gate against its peers’ rules on simulated worlds</title>',
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    words(24, 36, 'The gate against its peers’ rules', { size: 20, weight: 700 }),
    words(
      24,
      58,
      'Shorter bars are better. Rollouts 1% → 5% → 25% → 100%, 15 minutes a stage, stable fails 0.5 %; hold at +0.5 points, roll back at +2.',
      { size: 12, fill: QUIET },
    ),
    ...panels,
    words(
      24,
      height - 14,
      'At 200 and 20 requests a minute not even the oracle can know in time: what does not guess there asks a person. The oracle is told the effect: a bound, not a product.',
      { size: 11, fill: QUIET },
    ),
    '</svg>',
    '',
  ].join('\n');
}

function panelOf(results: readonly Result[], traffic: number, top: number): string {
  const here = results.filter(({ cell }) => cell.row === trafficText(traffic));
  const lines = METHODS.map((method, row) => {
    const y = top + PANEL_TOP + row * ROW;
    const isOwn = method === 'sluice';
    const name = words(LABEL_WIDTH + 12, y + 13, methodName(method), {
      size: 12,
      anchor: 'end',
      weight: isOwn ? 700 : 400,
      fill: isOwn ? OWN : INK,
    });
    const bars = MEASURES.map((measure, at) => {
      const found = here.find(({ cell, method: id }) => cell.column === measure.effect && id === method);
      return bar(leftOf(at), y, measure, found === undefined ? null : measure.of(found), method);
    });
    return [name, ...bars].join('\n');
  });
  return [
    `<line x1="24" x2="${WIDTH - 24}" y1="${top - 10}" y2="${top - 10}" stroke="${LINE}"/>`,
    words(24, top + 12, `${trafficText(traffic)}`, { size: 14, weight: 700 }),
    ...MEASURES.flatMap((measure, at) => [
      words(leftOf(at), top + 12, measure.title, { size: 12, weight: 600 }),
      words(leftOf(at), top + 28, measure.under, { size: 11, fill: QUIET }),
    ]),
    ...lines,
  ].join('\n');
}

function leftOf(column: number): number {
  return LABEL_WIDTH + 24 + column * (BAR_WIDTH + GAP);
}

function bar(x: number, y: number, measure: Measure, value: number | null, method: MethodId): string {
  const fill = method === 'sluice' ? OWN : method === 'oracle' ? BOUND : OTHER;
  const width = value === null ? 0 : (Math.min(value, measure.most) / measure.most) * BAR_WIDTH;
  const label = value === null ? 'most never act' : measure.text(value);
  return [
    `<line x1="${x}" x2="${x}" y1="${y}" y2="${y + ROW}" stroke="${QUIET}"/>`,
    `<rect x="${x}" y="${y + 4}" width="${width.toFixed(1)}" height="${ROW - 8}" fill="${fill}"/>`,
    words(x + width + 6, y + 14, label, {
      size: 11,
      fill: method === 'sluice' ? OWN : QUIET,
      weight: method === 'sluice' ? 700 : 400,
    }),
  ].join('');
}

interface Style {
  readonly size: number;
  readonly weight?: number;
  readonly fill?: string;
  readonly anchor?: 'start' | 'end';
}

function words(x: number, y: number, text: string, { size, weight, fill, anchor }: Style): string {
  return `<text x="${x.toFixed(1)}" y="${y}" font-size="${size}" font-weight="${weight ?? 400}" fill="${fill ?? INK}" text-anchor="${anchor ?? 'start'}">${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
}
