import type { Plan } from '../core/plan/plan.ts';
import { eventOf } from '../core/rollout/events.ts';
import type { RolloutState } from '../core/rollout/state.ts';
import { type RolloutView, TREND_LOOKS, viewOf } from '../core/rollout/view.ts';
import type { Records } from '../ports/control.ts';
import type { RolloutRow } from '../ports/store.ts';
import { exportLog } from './log-file.ts';
import type { Store } from './parts.ts';

/** Rollouts listed at once. */
const LIST_LIMIT = 200;
/** Events read back for a trend: decisions and the commands between them. */
export const RECENT_EVENTS = 2 * TREND_LOOKS;

/** What can be read of rollouts from the store alone: no target, flag or source is touched. */
export function recordsOf(store: Store): Records {
  const view = (row: RolloutRow<RolloutState, Plan>) => rolloutView(store, row);
  return {
    list: async ({ unfinishedOnly }) =>
      Promise.all((await store.list({ unfinishedOnly, limit: LIST_LIMIT })).map(view)),
    get: async (rolloutId) => {
      const row = await store.get(rolloutId);
      return row === null ? null : view(row);
    },
    log: (rolloutId) => exportLog(store, rolloutId),
  };
}

export async function rolloutView(store: Store, row: RolloutRow<RolloutState, Plan>): Promise<RolloutView> {
  const entries = await store.readLog(row.id, Math.max(1, row.version - RECENT_EVENTS));
  const events = entries.map((entry) => eventOf(entry.kind, entry.payload));
  return viewOf(
    row,
    events.flatMap((event) => (event.kind === 'decided' ? [event.decision] : [])),
    events.flatMap((event) => (event.kind === 'summarised' ? [event] : [])),
  );
}

/** More rollouts than this are never under way at once. */
export const MOST_LIVE = 1_000;

/** A rollout under way on this target other than the one named, by id; null when there is none. */
export async function otherRolloutOn(
  store: Store,
  target: string,
  rolloutId: string,
): Promise<string | null> {
  const live = await store.list({ unfinishedOnly: true, limit: MOST_LIVE, on: { target, surface: null } });
  return live.find((row) => row.id !== rolloutId)?.id ?? null;
}
