import type { Risk } from '../core/plan/ladder.ts';
import type { Proposal, ProposedCheck, Unobservable } from '../core/plan/proposal.ts';
import { SIGNAL_KINDS, type SignalKind } from '../core/plan/signal-kinds.ts';
import type { Change, Planner } from '../ports/planner.ts';
import { byCodeUnit } from './by-code-unit.ts';
import { type ChangedFile, changedFileOf } from './code/changed-code.ts';
import { newnessOf } from './code/newness.ts';
import { withoutRefactoring } from './code/refactoring.ts';
import { DETECTORS } from './detectors/registry.ts';
import { type DiffFile, pathOf, readDiff } from './diff/diff.ts';
import { classOfPath } from './diff/path-class.ts';
import { type Drawn, drawnFrom, mergedByKind } from './drawing.ts';
import { checkFromExperience } from './experience/check.ts';
import { hasNoNewness, saysNothingNew } from './experience/nothing-new.ts';
import { recognise } from './experience/recognise.ts';
import { traitsOf } from './experience/traits.ts';
import { KNOWN_TRAITS } from './experience/weights.ts';
import { riskOf } from './risk.ts';
import { surfacesOf } from './surfaces.ts';

const LEVELS: readonly Risk[] = ['low', 'medium', 'high'];
/** More checks than this are noise; what is left out becomes a reason of the risk. */
export const MAX_CHECKS = 8;
/** Most plans have no more; only a change that is likely to need a fifth check gets further ones. */
const USUAL_CHECKS = 4;
/** The chances from which on a signal is watched, from which on a fifth one makes a plan fuller, and what joins it then. */
const LEAST_CHANCE = 0.02;
const FULLER_CHANCE = 0.15;
const LEAST_CHANCE_FULLER = 0.07;
/** A change no detector speaks about is checked only where some signal is at least this likely. */
const LEAST_CHANCE_ALONE = 0.05;
/** A change of more lines of code is never judged as a whole: in it nearly every word stands somewhere. */
const MOST_LINES_JUDGED = 5_000;

/**
 * The planner that needs no model: reads the diff, asks every detector about every file that can change behaviour, and
 * joins what they say. The same change gives the same proposal, whatever the order of its files. Never rejects: what
 * cannot be read raises the risk.
 */
export function rulePlanner(): Planner {
  return { propose: async (change) => proposalOf(change) };
}

function proposalOf({ diff, title }: Change): Proposal {
  const reading = readDiff(diff);
  const diffFiles = reading.files.toSorted(byPath);
  const files = withoutRefactoring(diffFiles.map(changedFileOf).filter((file) => file !== null));
  const said = drawnFrom(files);
  const isQuiet = isOldAnew(files, said);
  const drawn = isQuiet ? [] : said;
  const merged = mergedByKind(drawn);
  const chosen = isQuiet ? [] : worthWatching(files, drawn, merged);
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
    dropped: [...merged.values()].filter((check) => !chosen.includes(check)).map((check) => check.signalKind),
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

/** Whether a change only writes anew what was there, and no detector knows better. */
function isOldAnew(files: readonly ChangedFile[], said: readonly Drawn[]): boolean {
  const lines = files.reduce((sum, { added, removed }) => sum + added.length + removed.length, 0);
  if (lines > MOST_LINES_JUDGED) return false;
  const newness = newnessOf(files);
  if (said.length === 0) return hasNoNewness(newness) || saysNothingNew(newness);
  return saysNothingNew(newness) && !said.some(({ detector }) => detector.isAlwaysNew === true);
}

/**
 * The likeliest signals, those that a detector finds essential among them whatever their chance: up to four, or up to eight where a
 * fifth is likely as well. What a detector of money, accounts or data finds essential is not cut at four.
 */
function worthWatching(
  files: readonly ChangedFile[],
  drawn: readonly Drawn[],
  merged: ReadonlyMap<SignalKind, ProposedCheck>,
): readonly ProposedCheck[] {
  const traits = traitsOf(files, drawn, KNOWN_TRAITS);
  const mains = drawn.filter(({ check, detector }) => check.isSecondary !== true && detector.isHint !== true);
  const essential = new Set(mains.map(({ check }) => check.signalKind));
  const grave = new Set(
    mains
      .filter(({ check, detector }) => (check.risk ?? detector.risk) === 'high')
      .map(({ check }) => check.signalKind),
  );
  const recognised = recognise(traits);
  if (drawn.length === 0 && (recognised[0]?.chance ?? 0) < LEAST_CHANCE_ALONE) return [];
  const likely = recognised.filter(({ kind, chance }) => chance >= LEAST_CHANCE || essential.has(kind));
  const [usual, others] = [likely.slice(0, USUAL_CHECKS), likely.slice(USUAL_CHECKS)];
  const isFuller = (others[0]?.chance ?? 0) >= FULLER_CHANCE;
  const further = others.filter(
    ({ kind, chance }) => (isFuller && chance >= LEAST_CHANCE_FULLER) || grave.has(kind),
  );
  return [...usual, ...further]
    .slice(0, MAX_CHECKS)
    .flatMap((each) => merged.get(each.kind) ?? checkFromExperience(each, traits, drawn) ?? []);
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
    byCodeUnit(pathOf(a), pathOf(b)) ||
    byCodeUnit(a.oldPath ?? '', b.oldPath ?? '') ||
    (a.hunks[0]?.newStart ?? 0) - (b.hunks[0]?.newStart ?? 0)
  );
}
