import type { Risk } from '../core/plan/ladder.ts';
import type { CheckFlag, Proposal, ProposedCheck, Unobservable } from '../core/plan/proposal.ts';
import { SIGNAL_KINDS, type SignalKind } from '../core/plan/signal-kinds.ts';
import type { Change, Planner } from '../ports/planner.ts';
import { type ChangedFile, changedFileOf } from './code/changed-code.ts';
import { saysNothingNew } from './code/nothing-new.ts';
import { withoutRefactoring } from './code/refactoring.ts';
import { type DetectedCheck, type Detector, isUnder, vocabulary } from './detector.ts';
import { DETECTORS } from './detectors/registry.ts';
import { type DiffFile, pathOf, readDiff } from './diff/diff.ts';
import { classOfPath } from './diff/path-class.ts';
import { knockOnOf } from './knock-on.ts';
import { riskOf } from './risk.ts';
import { surfacesOf } from './surfaces.ts';
import { rankOf } from './telling.ts';

const LEVELS: readonly Risk[] = ['low', 'medium', 'high'];
/** More checks than this are noise; what is left out becomes a reason of the risk. */
export const MAX_CHECKS = 8;
/** While a plan has fewer checks than this, what is only worth watching is watched as well. */
const SHORT_PLAN = 4;
/** With fewer than this, even what seldom shows harm first. */
const SHORTER_PLAN = 3;
const MAX_EVIDENCE = 5;

/**
 * The planner that needs no model: reads the diff, asks every detector about every file that can change behaviour, and
 * joins what they say. The same change gives the same proposal, whatever the order of its files. Never rejects: what
 * cannot be read raises the risk.
 */
export function rulePlanner(): Planner {
  return { propose: async (change) => proposalOf(change) };
}

/** One check one detector drew from one file. */
interface Drawn {
  readonly check: DetectedCheck;
  readonly detector: Detector;
  readonly path: string;
  /** The place in the detector's own list: 0 is what tells most. */
  readonly place: number;
}

function proposalOf({ diff, title }: Change): Proposal {
  const reading = readDiff(diff);
  const diffFiles = reading.files.toSorted(byPath);
  const files = withoutRefactoring(diffFiles.map(changedFileOf).filter((file) => file !== null));
  const drawn = saysNothingNew(files) ? [] : files.flatMap(draw).toSorted(byImportance);
  const merged = mergeByKind(drawn);
  const chosen = choose(merged, drawn);
  const isUnsafeToRollBack = drawn.some(({ check }) => check.flags.includes('unsafe_to_roll_back'));
  const isWhollyRead =
    reading.truncation === null &&
    reading.faults.length === 0 &&
    files.every((file) => file.unreadLines === 0);
  const { risk, reasons } = riskOf({
    reading,
    files,
    spoken: spokenIn(drawn),
    title,
    isUnsafeToRollBack,
    dropped: merged.filter((check) => !chosen.includes(check)).map((check) => check.signalKind),
  });
  return {
    source: 'rule',
    risk,
    riskReasons: reasons,
    rollbackSafe: isUnsafeToRollBack ? 'no' : isWhollyRead ? 'yes' : 'unknown',
    surfaces: surfacesOf(
      diffFiles.map((file) => ({ path: pathOf(file), pathClass: classOfPath(pathOf(file)) })),
    ),
    checks: chosen,
    unobservable: hiddenBehind(chosen, drawn),
    size: sizeOf(reading.files),
  };
}

/** What is essential to some detector, up to the cap; then, while the plan is short, what is named in passing. */
function choose(merged: readonly ProposedCheck[], drawn: readonly Drawn[]): readonly ProposedCheck[] {
  const hasMore = drawn.some(({ detector }) => detector.isFallback !== true);
  const essential = new Set(
    drawn
      .filter(
        ({ check, detector }) => check.isSecondary !== true && !(hasMore && detector.isFallback === true),
      )
      .map(({ check }) => check.signalKind),
  );
  const main = merged.filter((check) => essential.has(check.signalKind)).slice(0, MAX_CHECKS);
  const others = merged.filter((check) => !essential.has(check.signalKind));
  const solid = others.filter((check) => rankOf(check.signalKind, true) === 0);
  const faint = others.filter((check) => !solid.includes(check));
  const short = [...main, ...solid.slice(0, Math.max(0, SHORT_PLAN - main.length))];
  return [...short, ...faint.slice(0, Math.max(0, SHORTER_PLAN - short.length))];
}

function draw(file: ChangedFile): readonly Drawn[] {
  const reader = file.pathClass === 'ui' ? 'browser' : 'service';
  return DETECTORS.filter(({ reads = 'service' }) => reads === reader || reads === 'both').flatMap(
    (detector) =>
      detector.detect(file).flatMap((check, place) => [
        { check: asWork(check, file), detector, path: file.path, place },
        ...knockOnOf(check, detector.isHint === true).map((next) => ({
          check: asWork(next, file),
          detector,
          path: file.path,
          place: place + LATER,
        })),
      ]),
  );
}

/** What follows from a check comes after all that is seen by itself. */
const LATER = 1;

/** Nobody's request waits for what runs in the background: what would be seen of requests is seen of jobs there. */
function asWork(check: DetectedCheck, file: ChangedFile): DetectedCheck {
  const signalKind = OF_JOBS[check.signalKind];
  if (signalKind === undefined || !isUnder(file, BACKGROUND) || isUnder(file, FOREGROUND)) return check;
  return { ...check, signalKind, why: check.why.replaceAll('the request waits', 'the job waits') };
}

const OF_JOBS: { readonly [Kind in SignalKind]?: SignalKind } = {
  'http.error_rate': 'queue.job_failure_rate',
  'http.latency_p95': 'queue.job_duration_p95',
};
const BACKGROUND = vocabulary(
  'job jobs worker workers consumer consumers listener listeners subscriber subscribers tasks cron fetcher crawler poller sidekiq celery scheduler schedulers dispatcher settlement settlements commands console sync leader maintenance',
);
const FOREGROUND = vocabulary('controller controllers routes handlers middleware api http web server');

/**
 * What tells most of this change comes first; of the same rank hints come last, and before them what each detector puts first comes
 * before what any puts second; then the detectors' own order; then the path.
 */
function byImportance(a: Drawn, b: Drawn): number {
  return (
    rankOf(a.check.signalKind, a.check.isSecondary === true) -
      rankOf(b.check.signalKind, b.check.isSecondary === true) ||
    Number(a.detector.isHint === true) - Number(b.detector.isHint === true) ||
    a.place - b.place ||
    DETECTORS.indexOf(a.detector) - DETECTORS.indexOf(b.detector) ||
    compare(a.path, b.path) ||
    compare(a.check.signalKind, b.check.signalKind)
  );
}

/** One check per signal kind, at the place of its most important source. */
function mergeByKind(drawn: readonly Drawn[]): readonly ProposedCheck[] {
  const byKind = Map.groupBy(drawn, ({ check }) => check.signalKind);
  return [...byKind.values()].map(mergeOne);
}

/**
 * A guard wins over an expectation, for it is the stricter; the flag still says that the signal was meant to move. Either wins over
 * what cannot be seen. Guards of different directions become one of either.
 */
function mergeOne(all: readonly Drawn[]): ProposedCheck {
  const seen = all.filter(({ check }) => check.intent !== 'not_observable');
  // A hint does not outweigh what is known to be out of sight.
  const isSeen = seen.some(({ detector }) => detector.isHint !== true) || seen.length === all.length;
  const sources = isSeen ? seen : all.filter(({ check }) => check.intent === 'not_observable');
  const guards = sources.filter(({ check }) => check.intent === 'guard');
  const leading = guards.length > 0 ? guards : sources;
  const [first] = leading;
  if (first === undefined) throw new RangeError('a group of checks is never empty');
  const directions = new Set(leading.map(({ check }) => check.direction));
  // What only one of several reasons shares with the other fleet, or brings as new, the others can still be seen by.
  const isOfAll = (flag: CheckFlag): boolean => sources.every(({ check }) => check.flags.includes(flag));
  const flags = new Set<CheckFlag>(
    sources
      .flatMap(({ check }) => check.flags)
      .filter((flag) => (flag !== 'shared_by_both_fleets' && flag !== 'new_series') || isOfAll(flag)),
  );
  // Evidence of other files too, one place each before a second of any.
  const evidence = interleave(sources.map(({ check }) => check.evidence));
  const rules = new Set(sources.map(({ detector }) => `rule:${detector.id}`));
  return {
    signalKind: first.check.signalKind,
    intent: first.check.intent,
    direction: directions.size > 1 ? 'either' : first.check.direction,
    flags: [...flags].sort(),
    why: `${first.check.why}.`,
    evidence: evidence.slice(0, MAX_EVIDENCE),
    proposedBy: [...rules].join(', '),
  };
}

function interleave(lists: readonly (readonly string[])[]): readonly string[] {
  const longest = Math.max(0, ...lists.map((list) => Math.min(list.length, MAX_EVIDENCE)));
  const found = new Set<string>();
  for (let at = 0; at < longest; at += 1) {
    for (const list of lists) {
      const place = list[at];
      if (place !== undefined) found.add(place);
    }
  }
  return [...found];
}

/** What a signal that is watched will show only after the ladder has ended. */
function hiddenBehind(chosen: readonly ProposedCheck[], drawn: readonly Drawn[]): readonly Unobservable[] {
  const watched = new Set(
    chosen.filter(({ intent }) => intent !== 'not_observable').map((check) => check.signalKind),
  );
  const late = drawn.filter(
    ({ check }) => check.intent === 'not_observable' && watched.has(check.signalKind),
  );
  const byKind = Map.groupBy(late, ({ check }) => check.signalKind);
  return [...byKind.entries()].map(([kind, [first]]) => ({
    what: SIGNAL_KINDS[kind].text,
    why: `${first?.check.why ?? ''}.`,
  }));
}

function spokenIn(drawn: readonly Drawn[]) {
  return DETECTORS.flatMap((detector) => {
    const own = drawn.filter((each) => each.detector === detector);
    const paths = [...new Set(own.map(({ path }) => path))].sort();
    const risks = own.map(({ check }) => check.risk ?? detector.risk);
    const risk = LEVELS.findLast((level) => risks.includes(level)) ?? detector.risk;
    return paths.length === 0 ? [] : [{ detector, paths, risk }];
  });
}

function sizeOf(files: readonly DiffFile[]): Proposal['size'] {
  let added = 0;
  let removed = 0;
  for (const file of files) {
    for (const hunk of file.hunks) {
      for (const line of hunk.lines) {
        if (line.kind === 'added') added += 1;
        else if (line.kind === 'removed') removed += 1;
      }
    }
  }
  return { files: files.length, added, removed };
}

function byPath(a: DiffFile, b: DiffFile): number {
  return (
    compare(pathOf(a), pathOf(b)) ||
    compare(a.oldPath ?? '', b.oldPath ?? '') ||
    (a.hunks[0]?.newStart ?? 0) - (b.hunks[0]?.newStart ?? 0)
  );
}

/** By code unit, so that no locale changes a plan. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
