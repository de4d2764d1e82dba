import { formatDuration } from '../../duration.ts';
import { type Exposure, formatExposure } from '../ladder.ts';
import type { Line } from './line.ts';

/** One stage of a reading: an exposure and a hold as `ladder.ts` and `duration.ts` write them. */
export interface ReadStage {
  readonly exposure: string;
  readonly hold: string | null;
}

/** No ladder needs more stages; a growth that would is refused. */
const MAX_STAGES = 100;

interface Stage {
  readonly exposure: Exposure;
  holdMs: number | null;
}

interface Build {
  readonly stages: Stage[];
  readonly questions: string[];
  /** The stage spoken of last, which a hold that names none belongs to. */
  current: Stage | null;
  growth: (Line & { readonly kind: 'grow' | 'add' }) | null;
  until: number | null;
  /** Where the growth takes off: how many stages stood before it. */
  growsAfter: number;
}

/**
 * Adds the ladder steps of all clauses up to one ladder: growth written out to its end, holds given to their stages.
 * "Double from 2%" is 2, 4, 8, 16, 32, 64, 100: the last stage reaches the end and never passes it.
 */
export function assembleLadder(lines: readonly Line[]): {
  readonly ladder: readonly ReadStage[];
  readonly questions: readonly string[];
} {
  const build: Build = { stages: [], questions: [], current: null, growth: null, until: null, growsAfter: 0 };
  const steps = lines.filter((line) => ['rung', 'hold-last', 'grow', 'add', 'until'].includes(line.kind));
  steps.forEach((line, at) => {
    addStep(build, line, steps[at + 1]);
  });
  grow(build);
  const counts = lines.filter((line) => line.kind === 'count');
  for (const count of counts) applyCount(build, count);
  askWhole(build, lines);
  askLastHold(build, lines);
  shareHolds(build, lines);
  faults(build);
  const ladder = build.stages.map(({ exposure, holdMs }) => ({
    exposure: formatExposure(exposure),
    hold: holdMs === null ? null : formatDuration(holdMs),
  }));
  return { ladder, questions: build.questions };
}

function addStep(build: Build, line: Line, next: Line | undefined): void {
  switch (line.kind) {
    case 'rung':
      addRung(build, { exposure: line.exposure, holdMs: line.holdMs }, next);
      return;
    case 'hold-last': {
      const last = build.current;
      if (last === null)
        build.questions.push(`“${line.phrase}”: ${formatDuration(line.ms)} before which stage?`);
      else if (last.holdMs !== null && last.holdMs !== line.ms) {
        const both = `${formatDuration(last.holdMs)} and ${formatDuration(line.ms)}`;
        build.questions.push(
          `${formatExposure(last.exposure)} is given two holds, ${both}. Which one is meant?`,
        );
      } else last.holdMs = line.ms;
      return;
    }
    case 'grow':
    case 'add':
      if (build.growth !== null)
        build.questions.push(
          `“${line.phrase}” and “${build.growth.phrase}” both say how exposure grows. Which one is meant?`,
        );
      else {
        build.growth = line;
        build.growsAfter = build.stages.length;
      }
      return;
    case 'until':
      build.until = line.percent;
      return;
    default:
      return;
  }
}

/** The same exposure named again is the same stage: "1% → 25% → 100%. Hold at 25% for an hour." gives it its hold. */
function addRung(build: Build, stage: Stage, next: Line | undefined): void {
  const written = formatExposure(stage.exposure);
  const known = build.stages.find((other) => formatExposure(other.exposure) === written);
  build.current = known ?? stage;
  if (known === undefined) build.stages.push(stage);
  else if (next?.kind !== 'hold-last' || !next.isTrailing)
    build.questions.push(`${written} is named twice. Is it one stage?`);
}

function grow(build: Build): void {
  const { growth, stages } = build;
  if (growth === null) return;
  const first = percentOf(stages[Math.max(0, build.growsAfter - 1)]);
  const start = first ?? (growth.kind === 'add' ? growth.points : null);
  if (start === null) {
    build.questions.push(`“${growth.phrase}”: from which exposure does it start?`);
    return;
  }
  const from = first === null ? stages.length : Math.max(1, build.growsAfter);
  const next = percentOf(stages[from]);
  const end = Math.min(100, build.until ?? next ?? 100);
  const grown: Stage[] = first === null ? [percentStage(start)] : [];
  for (let percent = start; percent < end && grown.length <= MAX_STAGES; ) {
    percent = Math.min(
      end,
      round(growth.kind === 'grow' ? percent * growth.factor : percent + growth.points),
    );
    if (percent !== next) grown.push(percentStage(percent));
  }
  if (grown.length > MAX_STAGES) {
    build.questions.push(`“${growth.phrase}” comes to more than ${MAX_STAGES} stages. Which ones are meant?`);
    return;
  }
  stages.splice(from, 0, ...grown);
  if (growth.kind === 'add' && !growth.isSure && start !== growth.points) {
    const [points, percent] = [round(start + growth.points), round(start * (1 + growth.points / 100))];
    build.questions.push(
      `“${growth.phrase}”: does ${start}% grow by ${growth.points} points (to ${points}%) or by ${growth.points} percent of itself (to ${percent}%)? Read as points.`,
    );
  }
}

function applyCount(build: Build, count: Line & { readonly kind: 'count' }): void {
  const { stages } = build;
  const isOpen = stages.length === 0 || (stages.length === 1 && percentOf(stages[0]) === 100);
  if (isOpen && count.isEqual && count.stages > 0 && count.stages <= MAX_STAGES && 100 % count.stages === 0) {
    stages.length = 0;
    for (let at = 1; at <= count.stages; at += 1) stages.push(percentStage((100 / count.stages) * at));
  } else if (stages.length !== count.stages) {
    build.questions.push(
      `“${count.phrase}” says ${count.stages} stages, and ${stages.length} can be told from the words. Which ones are meant?`,
    );
  }
}

/** A time for the whole ladder, and a ramp with nothing on the way: both need stages that only a person can name. */
function askWhole(build: Build, lines: readonly Line[]): void {
  const { stages, questions } = build;
  for (const line of lines) {
    if (line.kind === 'gradual' && stages.length === 1)
      questions.push(
        `“${line.phrase}” names one stage, ${formatExposure((stages[0] as Stage).exposure)}, and none on the way. Which stages come before it, or is it reached at once?`,
      );
    if (line.kind === 'spread') questions.push(spreadQuestion(line, stages.length));
  }
}

function spreadQuestion(line: Line & { readonly kind: 'spread' }, count: number): string {
  const whole = formatDuration(line.ms);
  if (count === 0) return `“${line.phrase}”: ${whole} for which stages?`;
  const opening = `“${line.phrase}” gives ${whole} to the whole ladder of ${count} ${count === 1 ? 'stage' : 'stages'}.`;
  if (count === 1)
    return `${opening} Is ${whole} the hold of that stage, or are there stages on the way to it?`;
  const [each, before] = [inMinutes(line.ms / count), inMinutes(line.ms / (count - 1))];
  if (!line.isLonger)
    return `${opening} Is that ${each} for each of the ${count}, or ${before} for each of the ${count - 1} before the last?`;
  const first = line.ms / (2 ** (count - 1) - 1);
  const doubled = Array.from({ length: count - 1 }, (_, at) => inMinutes(first * 2 ** at)).join(', ');
  return `${opening} How long is each? Every hold twice the one before it would be ${doubled}; equal holds would be ${before} each.`;
}

/** A length of time to the nearest minute, no shorter than one. */
function inMinutes(ms: number): string {
  return formatDuration(Math.max(1, Math.round(ms / 60_000)) * 60_000);
}

/** "1% → 10% → 100%, 15 minutes": the last stage seldom needs a hold, so a lone one there is more likely everyone's. */
function askLastHold(build: Build, lines: readonly Line[]): void {
  const last = build.stages.at(-1);
  const isLone =
    build.stages.length > 1 && build.stages.every((stage) => (stage.holdMs !== null) === (stage === last));
  if (
    last === undefined ||
    last.holdMs === null ||
    !isLone ||
    lines.some((line) => line.kind === 'hold-each')
  )
    return;
  const hold = formatDuration(last.holdMs);
  build.questions.push(
    `${hold} is given at the end: is it the hold of ${formatExposure(last.exposure)}, or of each stage?`,
  );
}

/** A hold for every stage goes to those that have none of their own. */
function shareHolds(build: Build, lines: readonly Line[]): void {
  const each = lines.filter((line) => line.kind === 'hold-each');
  const [first] = each;
  if (first === undefined) return;
  if (each.some((line) => line.ms !== first.ms)) {
    const holds = [...new Set(each.map((line) => formatDuration(line.ms)))].join(' and ');
    build.questions.push(`${holds} are both given as the hold of every stage. Which one is meant?`);
  }
  if (build.stages.length === 0)
    build.questions.push(`“${first.phrase}”: ${formatDuration(first.ms)} for which stages?`);
  for (const stage of build.stages) stage.holdMs ??= first.ms;
}

function faults(build: Build): void {
  const { stages } = build;
  const percents = stages.flatMap((stage) => percentOf(stage) ?? []);
  percents.forEach((percent, at) => {
    const before = percents[at - 1];
    if (before !== undefined && percent < before)
      build.questions.push(`The ladder goes from ${before}% down to ${percent}%. Is that order meant?`);
  });
  const last = stages.at(-1);
  const ends = percentOf(last);
  if (last !== undefined && last.exposure.kind !== 'switch' && ends !== 100) {
    build.questions.push(
      `The ladder ends at ${formatExposure(last.exposure)} and never reaches everyone. Should it stop there, or go on to 100%?`,
    );
  }
  const beyond = stages.findIndex((stage) => percentOf(stage) === 100);
  const after = stages[beyond + 1];
  if (beyond !== -1 && after !== undefined && after.exposure.kind === 'audience') {
    build.questions.push(
      `${formatExposure(after.exposure)} comes after 100%, which reaches everyone. Is that order meant?`,
    );
  }
  const bare = stages
    .slice(0, -1)
    .filter((stage) => stage.holdMs === null && stage.exposure.kind === 'percent');
  const isMixed = stages
    .slice(0, -1)
    .some((stage) => stage.holdMs !== null && stage.exposure.kind === 'percent');
  if (isMixed && bare.length > 0) {
    build.questions.push(
      `${bare.map((stage) => formatExposure(stage.exposure)).join(', ')} has no hold of its own, while other stages have one. How long should it last?`,
    );
  }
}

function percentStage(percent: number): Stage {
  return { exposure: { kind: 'percent', percent: round(percent) }, holdMs: null };
}

function percentOf(stage: Stage | undefined): number | null {
  return stage?.exposure.kind === 'percent' ? stage.exposure.percent : null;
}

function round(value: number): number {
  return Number(value.toPrecision(10));
}
