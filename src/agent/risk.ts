import type { Risk } from '../core/plan/ladder.ts';
import type { ChangedFile } from './code/changed-code.ts';
import type { Detector } from './detector.ts';
import type { DiffReading } from './diff/diff.ts';

export interface RiskReading {
  readonly risk: Risk;
  /** Most important first. */
  readonly reasons: readonly string[];
}

/** What the risk is judged from. */
export interface RiskGrounds {
  readonly reading: DiffReading;
  /** Only files that can change behaviour. */
  readonly files: readonly ChangedFile[];
  /** Each detector that spoke, with the paths it spoke about, sorted. */
  readonly spoken: readonly {
    readonly detector: Detector;
    readonly paths: readonly string[];
    readonly risk: Risk;
  }[];
  readonly title: string;
  readonly isUnsafeToRollBack: boolean;
  /** Signals that were left out because there were too many. */
  readonly dropped: readonly string[];
}

/** `<<<<<<< HEAD` and `>>>>>>> theirs`, as they come out of the scanner. */
const MARKER = /^(?:<{7}|>{7})(?:\s|$)/;
const LEVELS: readonly Risk[] = ['low', 'medium', 'high'];
/** A change with more lines of code than this is seldom understood by its reviewers. */
const LARGE_LINES = 400;
/** A change no detector speaks about is still low up to this many lines of code. */
const SMALL_LINES = 60;
const MAX_PATHS_NAMED = 3;
const CAUTIOUS_TITLE =
  /\b(?:hotfix|revert|rewrite|breaking|migrat(?:e|es|ion)|risky|dangerous|security|payments?|auth|rollback|emergency|experimental)\b/i;

/**
 * How careful the rollout must be, and why. The highest reason decides; a title can only add one, and only where
 * behaviour changes at all.
 */
export function riskOf(grounds: RiskGrounds): RiskReading {
  const reasons = [
    ...subjectReasons(grounds),
    ...unreadReasons(grounds),
    ...sizeReasons(grounds),
    ...titleReasons(grounds),
  ];
  if (reasons.length === 0) reasons.push({ risk: 'low' as const, text: quietReason(grounds) });
  const ordered = reasons.toSorted((a, b) => LEVELS.indexOf(b.risk) - LEVELS.indexOf(a.risk));
  return { risk: ordered[0]?.risk ?? 'low', reasons: ordered.map(({ text }) => text) };
}

interface RiskReason {
  readonly risk: Risk;
  readonly text: string;
}

function subjectReasons(grounds: RiskGrounds): RiskReason[] {
  const reasons: RiskReason[] = grounds.spoken.map(({ detector, paths, risk }) => ({
    risk,
    text: `It touches ${detector.subject} in ${named(paths)}.`,
  }));
  if (grounds.isUnsafeToRollBack) {
    reasons.unshift({ risk: 'high', text: 'Putting the old code back does not undo it.' });
  }
  return reasons;
}

function unreadReasons({ reading, files }: RiskGrounds): RiskReason[] {
  const reasons: RiskReason[] = [];
  if (reading.truncation !== null) {
    const { limit, line } = reading.truncation;
    reasons.push({
      risk: 'high',
      text: `The diff is longer than ${limit} and was not read from line ${line} on.`,
    });
  }
  const [first] = reading.faults;
  if (first !== undefined) {
    const more =
      reading.faults.length > 1 ? `, and ${reading.faults.length - 1} more places cannot be read` : '';
    reasons.push({
      risk: 'medium',
      text: `Line ${first.line} of the diff cannot be read: ${first.what}${more}.`,
    });
  }
  const conflicted = files.filter(hasConflictMarkers).map((file) => file.path);
  if (conflicted.length > 0) {
    reasons.push({ risk: 'medium', text: `Conflict markers are left in ${named(conflicted)}.` });
  }
  const unread = files.filter((file) => file.unreadLines > 0).map((file) => file.path);
  if (unread.length > 0) {
    reasons.push({ risk: 'medium', text: `Changes in ${named(unread)} are of a kind no rule can read.` });
  }
  return reasons;
}

function hasConflictMarkers(file: ChangedFile): boolean {
  return file.hunks.some((hunk) =>
    hunk.after.some((line) => line.kind === 'added' && MARKER.test(line.code)),
  );
}

function sizeReasons({ files, spoken, dropped }: RiskGrounds): RiskReason[] {
  const lines = codeLines(files);
  const reasons: RiskReason[] = [];
  if (dropped.length > 0) {
    reasons.push({ risk: 'low', text: `Less telling signals are left out: ${dropped.join(', ')}.` });
  }
  if (lines > LARGE_LINES) reasons.push({ risk: 'medium', text: `It changes ${lines} lines of code.` });
  else if (lines > SMALL_LINES && spoken.length === 0) {
    reasons.push({ risk: 'medium', text: `It changes ${lines} lines of code that no rule speaks about.` });
  }
  return reasons;
}

function titleReasons({ files, title }: RiskGrounds): RiskReason[] {
  const word = files.length > 0 ? CAUTIOUS_TITLE.exec(title)?.[0] : undefined;
  return word === undefined ? [] : [{ risk: 'medium', text: `Its title says "${word.toLowerCase()}".` }];
}

function quietReason({ files }: RiskGrounds): string {
  const lines = codeLines(files);
  if (files.length === 0) return 'Nothing in it changes what the service does.';
  if (lines === 0) return 'Only comments, imports or layout change.';
  return `It changes ${lines} ${lines === 1 ? 'line' : 'lines'} of code, none of which any rule speaks about.`;
}

function codeLines(files: readonly ChangedFile[]): number {
  const sides = files.flatMap((file) => file.hunks.flatMap((hunk) => [...hunk.before, ...hunk.after]));
  return sides.filter((line) => line.novelty === 'code' || line.novelty === 'text').length;
}

function named(paths: readonly string[]): string {
  const shown = paths.slice(0, MAX_PATHS_NAMED).join(', ');
  return paths.length > MAX_PATHS_NAMED ? `${shown} and ${paths.length - MAX_PATHS_NAMED} more files` : shown;
}
