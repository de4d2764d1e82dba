import type { Decision } from '../core/gate/decision.ts';
import type { Finding } from '../core/gate/finding.ts';
import type { Check } from '../core/plan/check.ts';
import { signalName } from '../core/plan/check.ts';
import { formatLine, formatValue } from '../core/plan/line-text.ts';
import type { Plan } from '../core/plan/plan.ts';
import { explain } from '../core/report.ts';
import { COLOURS, escaped, type Frame, line, niceStep, path, text, tickTimes } from './svg.ts';
import { timeText } from './time-text.ts';

/** One look as a picture needs it. */
export interface PictureLook {
  readonly elapsedMs: number;
  /** The exposure in force until this look, percent. */
  readonly percent: number;
  readonly decision: Decision;
}

export interface PictureWords {
  readonly title: string;
  readonly subtitle: string;
}

const WIDTH = 1200;
const LEFT = 76;
const RIGHT = 1140;
const RATES = { top: 92, bottom: 340 };
const EVIDENCE = { top: 392, bottom: 500 };
const LEGEND_LEFT = LEFT + 190;
const LIST_TOP = 552;
const LIST_STEP = 19;
const LIST_ROWS = 6;
/** The end is drawn a little inside the frame, so that a last drop of exposure can be seen. */
const MARGIN = 1.015;

/**
 * One rollout as an SVG of its own: exposure as steps, both sides of one check as the gate's trailing window saw them, with its
 * lines above stable; the evidence as a share of what it must reach; and each decision where it was made, with its words. Pure:
 * the same looks give the same text. Without a look or the check it draws empty axes.
 */
export function rolloutPicture(
  plan: Plan,
  checkId: string | null,
  looks: readonly PictureLook[],
  words: PictureWords,
): string {
  const check = plan.checks.find((candidate) => candidate.id === checkId) ?? null;
  const endMs = Math.max(looks.at(-1)?.elapsedMs ?? 0, plan.tickMs);
  const x = (ms: number) => LEFT + ((RIGHT - LEFT) * ms) / (MARGIN * endMs);
  const moments = momentsOf(plan, looks);
  const height = LIST_TOP + Math.min(Math.max(moments.length, 1), LIST_ROWS) * LIST_STEP + 4;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="12">`,
    `<title>${escaped(words.title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="${COLOURS.paper}"/>`,
    text(LEFT, 26, words.title, { size: 17, weight: 600 }),
    text(LEFT, 45, words.subtitle, { colour: COLOURS.faint }),
    ...exposurePart(looks, x),
    ...(check === null ? emptyPart(RATES) : ratesPart(check, looks, x)),
    ...evidencePart(check, looks, x),
    ...timeAxis(endMs, x),
    ...momentsPart(moments, x),
    '</svg>',
    '',
  ].join('\n');
}

type Scale = (value: number) => number;

/** Exposure fills the first panel from below; its axis is on the right. */
function exposurePart(looks: readonly PictureLook[], x: Scale): readonly string[] {
  const y = (percent: number) => RATES.bottom - ((RATES.bottom - RATES.top) * percent) / 100;
  const points: [number, number][] = [[x(0), y(0)]];
  let before = 0;
  for (const { elapsedMs, percent } of looks) {
    const last = points.at(-1);
    if (last !== undefined && last[1] !== y(percent))
      points.push([x(before), last[1]], [x(before), y(percent)]);
    points.push([x(elapsedMs), y(percent)]);
    before = elapsedMs;
  }
  // A rollback takes effect at once: nothing is exposed from its own look on.
  if (looks.at(-1)?.decision.kind === 'rollback') points.push([x(before), y(0)], [RIGHT, y(0)]);
  const last = points.at(-1) ?? [x(0), y(0)];
  const area = [...points, [last[0], y(0)] as const];
  return [
    `<path d="${path(area)}Z" fill="${COLOURS.exposure}" fill-opacity="0.14"/>`,
    `<path d="${path(points)}" fill="none" stroke="${COLOURS.exposure}" stroke-opacity="0.65" stroke-width="1.5"/>`,
    ...[0, 25, 50, 75, 100].map((percent) =>
      text(RIGHT + 8, y(percent) + 4, `${percent} %`, { colour: COLOURS.exposureText }),
    ),
    text(RIGHT + 50, RATES.top - 12, 'exposure', { colour: COLOURS.exposureText, anchor: 'end' }),
  ];
}

function emptyPart(frame: Frame): readonly string[] {
  return [
    text((LEFT + RIGHT) / 2, (frame.top + frame.bottom) / 2, 'no check was judged', { anchor: 'middle' }),
  ];
}

/** A value at a time; null is a gap. */
interface Point {
  readonly ms: number;
  readonly value: number | null;
}

/** What the first panel shows of one check. */
interface Rates {
  readonly canary: readonly Point[];
  readonly stable: readonly Point[];
  readonly hold: readonly Point[];
  readonly rollback: readonly Point[];
}

function ratesOf(check: Check, looks: readonly PictureLook[]): Rates {
  const series = (of: (finding: Finding) => number | null): readonly Point[] =>
    looks.map((look) => {
      const finding = findingOf(look, check);
      return { ms: look.elapsedMs, value: finding === null ? null : of(finding) };
    });
  const stable = series((finding) => finding.trailing.baseline);
  const beside = (limit: Check['hold']): readonly Point[] =>
    limit === null
      ? []
      : stable.map(({ ms, value }) => ({ ms, value: value === null ? null : edge(check, limit, value) }));
  return {
    canary: series((finding) => finding.trailing.canary),
    stable,
    hold: beside(check.hold),
    rollback: beside(check.rollback),
  };
}

/** The values the panel reaches from and to. What is bad when it falls is not drawn from nothing up. */
function rangeOf(check: Check, { canary, stable, hold, rollback }: Rates): { from: number; span: number } {
  const others = [...stable, ...hold, ...rollback];
  if (check.worse === 'increase') return { from: 0, span: highest(canary, others) * 1.12 };
  const values = [...canary, ...others].flatMap(({ value }) => value ?? []);
  if (values.length === 0) return { from: 0, span: 1 };
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // Room above for the marks, and below for the line that is looked at.
  const span = high - low || Math.abs(high) || 1;
  return { from: low - 0.15 * span, span: 1.35 * span };
}

function ratesPart(check: Check, looks: readonly PictureLook[], x: Scale): readonly string[] {
  const rates = ratesOf(check, looks);
  const { from, span } = rangeOf(check, rates);
  const y = (value: number) => RATES.bottom - ((RATES.bottom - RATES.top) * (value - from)) / span;
  const draw = (points: readonly Point[], colour: string, more: string) =>
    line(
      points.map(({ ms, value }) => (value === null ? null : [x(ms), Math.max(RATES.top, y(value))])),
      `stroke="${colour}" ${more}`,
    );
  const dashed = 'stroke-width="1.4" stroke-dasharray="6 4"';
  return [
    ...rateAxis(check, from, span, y),
    draw(rates.rollback, COLOURS.rollback, dashed),
    draw(rates.hold, COLOURS.hold, dashed),
    draw(rates.stable, COLOURS.stable, 'stroke-width="2"'),
    draw(rates.canary, COLOURS.canary, 'stroke-width="2.2"'),
    ...legend(LEGEND_LEFT, RATES.top - 16, [
      { name: 'canary (trailing window)', colour: COLOURS.canary, isDashed: false },
      { name: 'stable', colour: COLOURS.stable, isDashed: false },
      ...lineEntry('hold', check, check.hold, COLOURS.hold),
      ...lineEntry('roll back', check, check.rollback, COLOURS.rollback),
    ]),
  ];
}

function rateAxis(check: Check, from: number, span: number, y: Scale): readonly string[] {
  const step = niceStep(span / 5);
  const ticks = Array.from({ length: 12 }, (_, at) => (Math.ceil(from / step) + at) * step);
  return [
    ...ticks
      .filter((value) => value <= from + span)
      .flatMap((value) => [
        `<line x1="${LEFT}" x2="${RIGHT}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="${COLOURS.grid}"/>`,
        text(LEFT - 8, y(value) + 4, formatValue(value, check.measure), {
          anchor: 'end',
          colour: COLOURS.faint,
        }),
      ]),
    text(LEFT, RATES.top - 12, signalName(check), { weight: 600 }),
  ];
}

function lineEntry(verb: string, check: Check, limit: Check['hold'], colour: string): readonly LegendEntry[] {
  if (limit === null) return [];
  return [{ name: `${verb} ${formatLine(limit, check.measure, check.worse)}`, colour, isDashed: true }];
}

/** The canary may leave the panel, so that one wild early reading does not flatten all the rest. */
const MOST_OVER_LINES = 3;

function highest(canary: readonly Point[], others: readonly Point[]): number {
  const top = (points: readonly Point[]) => Math.max(0, ...points.map(({ value }) => value ?? 0));
  const lines = top(others);
  return lines > 0 ? Math.max(lines, Math.min(top(canary), MOST_OVER_LINES * lines)) : top(canary) || 1;
}

/** Where the line lies for what stable shows. */
function edge(check: Check, limit: NonNullable<Check['hold']>, stable: number): number {
  const sign = check.worse === 'increase' ? 1 : -1;
  switch (limit.compare) {
    case 'difference':
      return stable + sign * limit.by;
    case 'ratio':
      return stable * limit.times;
    case 'band':
      return sign * Math.max(sign * stable * limit.times, sign * stable + limit.floor);
    case 'absolute':
      return limit.at;
  }
}

function findingOf({ decision }: PictureLook, check: Check): Finding | null {
  return decision.findings.find((finding) => finding.checkId === check.id) ?? null;
}

const MOST_SHARE = 1.5;

/** Harm and safety evidence as shares of what they must reach: at 100 % the gate may act on them. */
function evidencePart(check: Check | null, looks: readonly PictureLook[], x: Scale): readonly string[] {
  const y = (share: number) =>
    EVIDENCE.bottom -
    ((EVIDENCE.bottom - EVIDENCE.top) * Math.min(Math.max(share, 0), MOST_SHARE)) / MOST_SHARE;
  const series = (of: (finding: Finding) => number) =>
    looks.map((look): readonly [number, number] | null => {
      const finding = check === null ? null : findingOf(look, check);
      return finding === null ? null : [x(look.elapsedMs), y(of(finding))];
    });
  const hasRollback = check !== null && check.rollback !== null;
  const harm = series(
    ({ harm: { log, rollbackThreshold, holdThreshold } }) =>
      log / (hasRollback ? rollbackThreshold : holdThreshold),
  );
  const safety = series((finding) => finding.safety.log / finding.safety.threshold);
  return [
    ...[0, 0.5, 1, 1.5].flatMap((share) => [
      `<line x1="${LEFT}" x2="${RIGHT}" y1="${y(share)}" y2="${y(share)}" stroke="${share === 1 ? COLOURS.faint : COLOURS.grid}"${share === 1 ? ' stroke-dasharray="2 3"' : ''}/>`,
      text(LEFT - 8, y(share) + 4, `${share === MOST_SHARE ? '≥ ' : ''}${share * 100} %`, {
        anchor: 'end',
        colour: COLOURS.faint,
      }),
    ]),
    text(LEFT, EVIDENCE.top - 12, 'evidence', { weight: 600 }),
    line(safety, `stroke="${COLOURS.safety}" stroke-width="2"`),
    line(harm, `stroke="${COLOURS.rollback}" stroke-width="2"`),
    ...legend(LEGEND_LEFT, EVIDENCE.top - 16, [
      {
        name: `harm, of what a ${hasRollback ? 'rollback' : 'hold'} needs`,
        colour: COLOURS.rollback,
        isDashed: false,
      },
      { name: 'safety, of what a promotion needs', colour: COLOURS.safety, isDashed: false },
    ]),
  ];
}

function timeAxis(endMs: number, x: Scale): readonly string[] {
  return [RATES, EVIDENCE].flatMap((frame) => [
    `<rect x="${LEFT}" y="${frame.top}" width="${RIGHT - LEFT}" height="${frame.bottom - frame.top}" fill="none" stroke="${COLOURS.frame}"/>`,
    ...tickTimes(endMs).flatMap((ms) => [
      `<line x1="${x(ms).toFixed(1)}" x2="${x(ms).toFixed(1)}" y1="${frame.bottom}" y2="${frame.bottom + 5}" stroke="${COLOURS.frame}"/>`,
      text(x(ms), frame.bottom + 18, timeText(ms), { anchor: 'middle', colour: COLOURS.faint }),
    ]),
  ]);
}

interface LegendEntry {
  readonly name: string;
  readonly colour: string;
  readonly isDashed: boolean;
}

/** Widths are estimated: an SVG of its own cannot measure its text. */
const LETTER_WIDTH = 6.6;

function legend(left: number, top: number, entries: readonly LegendEntry[]): readonly string[] {
  let at = left;
  return entries.flatMap(({ name, colour, isDashed }) => {
    const start = at;
    at += 30 + name.length * LETTER_WIDTH + 16;
    return [
      `<line x1="${start.toFixed(1)}" x2="${(start + 22).toFixed(1)}" y1="${top}" y2="${top}" stroke="${colour}" stroke-width="2.2"${isDashed ? ' stroke-dasharray="6 4"' : ''}/>`,
      text(start + 28, top + 4, name),
    ];
  });
}

/** A decision that changed something, in the order they were made. */
interface Moment {
  readonly ms: number;
  readonly kind: Decision['kind'];
  readonly words: string;
}

function momentsOf(plan: Plan, looks: readonly PictureLook[]): readonly Moment[] {
  const seen = new Set<string>();
  return looks.flatMap(({ elapsedMs, decision }) => {
    const { kind, reason, stageEpoch } = decision;
    const key = `${stageEpoch}/${kind}/${reason}`;
    if (kind === 'wait' || reason === 'awaiting_person' || seen.has(key)) return [];
    seen.add(key);
    const words = explain(plan, decision).headline.slice(plan.target.length + 2);
    return [{ ms: elapsedMs, kind, words }];
  });
}

const KIND_COLOURS: Readonly<Partial<Record<Decision['kind'], string>>> = {
  rollback: COLOURS.rollback,
  hold: COLOURS.hold,
  ask: COLOURS.hold,
  promote: COLOURS.safety,
  complete: COLOURS.safety,
};

const WORDS_LENGTH = 170;
const MARK_APART = 22;

/** Numbered marks over both panels, and the words of each below. What there is no row for is left out in the middle. */
function momentsPart(all: readonly Moment[], x: Scale): readonly string[] {
  const rows = LIST_ROWS - 1;
  const shown = all.length <= LIST_ROWS ? all : [...all.slice(0, 2), ...all.slice(all.length - (rows - 2))];
  const hidden = all.length - shown.length;
  let lastX = Number.NEGATIVE_INFINITY;
  let raised = 0;
  return shown.flatMap((moment, at) => {
    const number = at < 2 || hidden === 0 ? at + 1 : at + 1 + hidden;
    const row = at < 2 || hidden === 0 ? at : at + 1;
    const colour = KIND_COLOURS[moment.kind] ?? COLOURS.faint;
    const left = x(moment.ms);
    raised = left - lastX < MARK_APART ? raised + 1 : 0;
    lastX = left;
    const top = RATES.top + 12 + raised * 20;
    const listY = LIST_TOP + row * LIST_STEP;
    return [
      ...[RATES, EVIDENCE].map(
        (frame) =>
          `<line x1="${left.toFixed(1)}" x2="${left.toFixed(1)}" y1="${frame.top}" y2="${frame.bottom}" stroke="${colour}" stroke-opacity="0.7" stroke-dasharray="3 3"/>`,
      ),
      mark(left, top, number, colour),
      mark(LEFT + 9, listY - 4, number, colour),
      text(LEFT + 28, listY, timeText(moment.ms)),
      text(LEFT + 92, listY, moment.kind, { weight: 600, colour }),
      text(LEFT + 166, listY, cut(moment.words)),
      ...(at === 2 && hidden > 0
        ? [text(LEFT + 166, listY - LIST_STEP, `… ${hidden} more`, { colour: COLOURS.faint })]
        : []),
    ];
  });
}

function mark(left: number, top: number, number: number, colour: string): string {
  return (
    `<circle cx="${left.toFixed(1)}" cy="${top}" r="9" fill="${colour}"/>` +
    text(left, top + 4, String(number), { anchor: 'middle', colour: COLOURS.paper, size: 11, weight: 600 })
  );
}

function cut(words: string): string {
  return words.length <= WORDS_LENGTH ? words : `${words.slice(0, WORDS_LENGTH - 1)}…`;
}
