import type { SignalKind } from '../../src/core/plan/signal-kinds.ts';
import type { Answer, Watched } from './answer.ts';
import { isNamedBy, type Label } from './label.ts';
import type { LabelledCase } from './labelled-case.ts';

/** One case held against its label. The four lists of kinds are disjoint but for `missed`. */
export interface CaseScore {
  readonly name: string;
  readonly label: Label;
  readonly hit: readonly SignalKind[];
  readonly missed: readonly SignalKind[];
  /** Watched and acceptable. */
  readonly nice: readonly SignalKind[];
  /** Watched and neither wanted nor plainly wrong. */
  readonly stray: readonly SignalKind[];
  /** Watched and plainly wrong. */
  readonly wrong: readonly SignalKind[];
  readonly checks: number;
  /** How many levels the risk is off: 0, 1 or 2. */
  readonly riskOff: number;
  /** Labelled intents, directions and flags: how many, and which are not as labelled. */
  readonly expected: number;
  readonly unexpected: readonly string[];
  /** Null where the label leaves it open. */
  readonly isRollbackRight: boolean | null;
}

const RISKS: readonly Label['risk'][] = ['low', 'medium', 'high'];

/** Holds an answer against the label. A kind that must be watched and is said to be unobservable counts as watched. */
export function scoreOf({ name, label }: LabelledCase, answer: Answer): CaseScore {
  const watched = answer.watched.map(({ signalKind }) => signalKind);
  const hit = watched.filter((kind) => label.must.includes(kind));
  const nice = watched.filter((kind) => label.nice.includes(kind));
  const others = watched.filter((kind) => !hit.includes(kind) && !nice.includes(kind));
  return {
    name,
    label,
    hit,
    missed: label.must.filter((kind) => !watched.includes(kind)),
    nice,
    stray: others.filter((kind) => !isNamedBy(label.should_not, kind)),
    wrong: others.filter((kind) => isNamedBy(label.should_not, kind)),
    checks: answer.checks,
    riskOff: Math.abs(RISKS.indexOf(answer.risk) - RISKS.indexOf(label.risk)),
    expected: label.expected.reduce((sum, each) => sum + aspectsOf(each).length, 0),
    unexpected: label.expected.flatMap((each) => {
      const found = answer.watched.find(({ signalKind }) => signalKind === each.kind);
      return aspectsOf(each)
        .filter(({ holds }) => found === undefined || !holds(found))
        .map(({ text }) => `${each.kind} ${text}`);
    }),
    isRollbackRight: label.rollbackSafe === undefined ? null : answer.rollbackSafe === label.rollbackSafe,
  };
}

interface Aspect {
  readonly text: string;
  holds(watched: Watched): boolean;
}

function aspectsOf({ intent, direction, flags }: Label['expected'][number]): readonly Aspect[] {
  const aspects: Aspect[] = flags.map((flag) => ({
    text: flag,
    holds: (watched) => watched.flags.includes(flag),
  }));
  if (intent !== undefined) {
    aspects.push({
      text: intent,
      // A guard from elsewhere in the change is stricter and keeps the flag that says the signal was meant to move.
      holds: (watched) =>
        watched.intent === intent ||
        (intent === 'expect_change' && watched.flags.includes('expected_to_move')),
    });
  }
  if (direction !== undefined) {
    aspects.push({
      text: `direction ${direction}`,
      holds: (watched) => watched.direction === direction || watched.direction === 'either',
    });
  }
  return aspects;
}
