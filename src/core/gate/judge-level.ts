import type { Check } from '../plan/check.ts';
import type { LevelState } from './check-state.ts';
import type { Finding, JudgeContext } from './finding.ts';
import { LOG_FLOOR } from './log-sum.ts';
import { outcomeOf } from './outcome.ts';

/** A literal rule needs this many looks in a row. */
const LOOKS_IN_A_ROW = 2;

/**
 * A level (memory, queue depth) has no sampling model: over the line at two looks in a row is a breach, under it is clear.
 * The logs are set to what makes the rules of `outcomeOf` read literally.
 */
export function judgeLevel(check: Check, state: LevelState, context: JudgeContext): Finding {
  const { thresholds } = context;
  const isOverRollback = state.overRollback >= LOOKS_IN_A_ROW;
  const isOverHold = state.overHold >= LOOKS_IN_A_ROW;
  const value = (side: 'canary' | 'stable') => state.last?.[side] ?? null;
  const isExpected = check.intent === 'expect_change';
  const harmLog =
    isOverRollback && !isExpected
      ? Math.max(thresholds.rollback, thresholds.hold)
      : isOverHold
        ? thresholds.hold
        : LOG_FLOOR;
  return outcomeOf(
    check,
    state,
    {
      canary: { units: state.last === null ? 0 : 1, events: null, value: value('canary') },
      baseline: { units: state.last === null ? 0 : 1, events: null, value: value('stable') },
      trailing: { canary: null, baseline: null },
      oppositeLog: isOverRollback ? thresholds.hold : LOG_FLOOR,
      harmLog:
        isOverRollback && check.intent !== 'expect_change' ? Math.max(harmLog, thresholds.hold) : harmLog,
      safetyLog: state.overHold === 0 ? thresholds.safe : LOG_FLOOR,
      recent: [],
      tooCoarse: false,
    },
    context,
  );
}
