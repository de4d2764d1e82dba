import type { CheckFlag, ProposedCheck } from '../core/plan/proposal.ts';
import type { SignalKind } from '../core/plan/signal-kinds.ts';
import { byCodeUnit } from './by-code-unit.ts';
import type { ChangedFile } from './code/changed-code.ts';
import { type DetectedCheck, type Detector, isUnder, vocabulary } from './detector.ts';
import { DETECTORS } from './detectors/registry.ts';
import { knockOnOf } from './knock-on.ts';

const MAX_EVIDENCE = 5;

/** One check one detector drew from one file. */
export interface Drawn {
  readonly check: DetectedCheck;
  readonly detector: Detector;
  readonly path: string;
  /** The place in the detector's own list: 0 is what tells most. */
  readonly place: number;
}

/** What every detector says of every file, what tells most first. */
export function drawnFrom(files: readonly ChangedFile[]): readonly Drawn[] {
  return files.flatMap(draw).toSorted(byImportance);
}

function draw(file: ChangedFile): readonly Drawn[] {
  return (file.pathClass === 'ui' ? OF_BROWSER : OF_SERVICE).flatMap((detector) =>
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

const OF_BROWSER = DETECTORS.filter(({ reads = 'service' }) => reads !== 'service');
const OF_SERVICE = DETECTORS.filter(({ reads = 'service' }) => reads !== 'browser');

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
 * What is essential comes before what is said in passing, and hints come last; then what each detector puts first comes before what
 * any puts second; then the detectors' own order; then the path.
 */
function byImportance(a: Drawn, b: Drawn): number {
  return (
    Number(a.check.isSecondary === true) - Number(b.check.isSecondary === true) ||
    Number(a.detector.isHint === true) - Number(b.detector.isHint === true) ||
    a.place - b.place ||
    rankOf(a.detector) - rankOf(b.detector) ||
    byCodeUnit(a.path, b.path) ||
    byCodeUnit(a.check.signalKind, b.check.signalKind)
  );
}

const RANKS: ReadonlyMap<Detector, number> = new Map(DETECTORS.map((detector, rank) => [detector, rank]));

function rankOf(detector: Detector): number {
  return RANKS.get(detector) ?? DETECTORS.length;
}

/** One check per signal kind, in the order of its most important source. */
export function mergedByKind(drawn: readonly Drawn[]): ReadonlyMap<SignalKind, ProposedCheck> {
  const byKind = Map.groupBy(drawn, ({ check }) => check.signalKind);
  return new Map([...byKind].map(([kind, all]) => [kind, mergeOne(all)]));
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
  const flags = [...new Set(sources.flatMap(({ check }) => check.flags))].filter(
    (flag) => (flag !== 'shared_by_both_fleets' && flag !== 'new_series') || isOfAll(flag),
  );
  // Evidence of other files too, one place each before a second of any.
  const evidence = interleave(sources.map(({ check }) => check.evidence));
  const rules = new Set(sources.map(({ detector }) => `rule:${detector.id}`));
  return {
    signalKind: first.check.signalKind,
    intent: first.check.intent,
    direction: directions.size > 1 ? 'either' : first.check.direction,
    flags: flags.sort(),
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
