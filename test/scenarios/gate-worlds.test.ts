import { describe, expect, test } from 'vitest';
import type { Decision } from '../../src/core/gate/decision.ts';
import { standardSettings } from '../../src/core/gate/settings.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import { stageWatches } from '../../src/core/plan/stage-watches.ts';
import { type Run, type RunSettings, simulateRollout } from '../../src/simulate/rollout.ts';
import { CALM, type Effect, type World } from '../../src/simulate/world.ts';
import { ERROR_RATE, planOf } from '../support/rollout-rig.ts';

const MINUTE = 60_000;
const STAGE_MS = 15 * MINUTE;
/** Whole rollouts of each world, each of its own seed. */
const ROLLOUTS = 30;
const SETTINGS: RunSettings = {
  startAt: Date.UTC(2026, 0, 5, 9),
  horizonMs: 120 * MINUTE,
  measureMs: 5 * MINUTE,
  personAfterMs: null,
};

function ladderOf(...percents: readonly number[]): Partial<Plan> {
  const ladder = percents.map((percent) => ({
    exposure: { kind: 'percent' as const, percent },
    holdMs: STAGE_MS,
  }));
  const settings = standardSettings({ tickMs: MINUTE, ladderMs: percents.length * STAGE_MS });
  return { ladder, settings, tickMs: MINUTE };
}

/** A look a minute on the ladder 1, 5, 25, 100: half a point holds, two roll back, and the previous stage is watched. */
const PLAN = planOf({ ...ladderOf(1, 5, 25, 100), checks: [ERROR_RATE, ...stageWatches([ERROR_RATE])] });

/** Half a percent of errors, with the noise of a real service. */
const USUAL: World = {
  ...CALM,
  traffic: { requestsPerMinute: 20_000, dailySwing: 0.3 },
  noise: { sharedSd: 0.25, sharedCarry: 0.8, canaryCv: 0.25, stableCv: 0.125, latencySd: 0.02 },
  errorRate: 0.005,
};

interface Seen {
  readonly run: Run;
  readonly decisions: readonly (Decision & { readonly elapsedMs: number; readonly percent: number })[];
  readonly highest: number;
}

function rollouts(
  world: Partial<World>,
  more: { readonly plan?: Partial<Plan>; readonly settings?: Partial<RunSettings> } = {},
): readonly Seen[] {
  const plan = { ...PLAN, ...more.plan };
  return Array.from({ length: ROLLOUTS }, (_, seed): Seen => {
    const decisions: Seen['decisions'][number][] = [];
    const run = simulateRollout(
      plan,
      { ...USUAL, ...world, seed: seed + 1 },
      { ...SETTINGS, ...more.settings },
      ({ decision, elapsedMs, percent }) => decisions.push({ ...decision, elapsedMs, percent }),
    );
    return { run, decisions, highest: Math.max(...decisions.map(({ percent }) => percent)) };
  });
}

const withEffects = (...effects: readonly Effect[]) => rollouts({ effects });
const ended = (seen: readonly Seen[], end: Run['end']) => seen.filter(({ run }) => run.end === end).length;
const said = (seen: readonly Seen[], reason: Decision['reason']) =>
  seen.filter(({ decisions }) => decisions.some((decision) => decision.reason === reason)).length;
const blamed = (seen: readonly Seen[]) =>
  seen.filter(({ decisions }) => decisions.some(({ reason }) => /^breach_(hold|rollback)$/.test(reason)))
    .length;

describe('a good release', () => {
  test('goes to everyone by itself, over the quiet and the busy half of the day', () => {
    for (const hour of [3, 9, 18]) {
      const seen = rollouts({}, { settings: { startAt: Date.UTC(2026, 0, 5, hour) } });
      expect(ended(seen, 'complete')).toBeGreaterThanOrEqual(ROLLOUTS - 1);
      expect(blamed(seen)).toBeLessThanOrEqual(1);
    }
  });

  test('that always was 0.2 points worse is within the user’s lines, and no watch holds it', () => {
    const seen = withEffects({ kind: 'step', by: 0.002 });
    expect(ended(seen, 'complete')).toBeGreaterThanOrEqual(ROLLOUTS - 2);
    expect(blamed(seen)).toBeLessThanOrEqual(2);
  });
});

describe('a canary that cannot be compared', () => {
  test.each([
    { what: 'that dies', effect: { kind: 'dead', fromMs: 20 * MINUTE }, reason: 'canary_silent' },
    {
      what: 'in a crash loop',
      effect: { kind: 'crash_loop', fromMs: 20 * MINUTE },
      reason: 'canary_restarting',
    },
  ] as const)('$what is held within three looks, and goes nowhere', ({ effect, reason }) => {
    for (const { run, highest } of withEffects(effect)) {
      expect(run.firstAction).toMatchObject({ kind: 'hold', reason });
      expect((run.firstActionMs ?? Infinity) - effect.fromMs).toBeLessThanOrEqual(3 * MINUTE);
      expect([run.end, highest]).toEqual(['unfinished', 5]);
    }
  });

  test('that was dead from the first is never promoted at all', () => {
    for (const { run, highest } of withEffects({ kind: 'dead' })) {
      expect(run.firstActionMs).toBeLessThanOrEqual(3 * MINUTE);
      expect([run.end, highest]).toEqual(['unfinished', 1]);
    }
  });

  test('whose units were assigned otherwise than designed is held for that, at once', () => {
    const assignment = ERROR_RATE.signal;
    const seen = rollouts({ effects: [{ kind: 'misassigned', times: 1.5 }] }, { plan: { assignment } });
    for (const { run, highest } of seen) {
      expect(run.firstAction).toMatchObject({ kind: 'hold', reason: 'sample_ratio' });
      expect(run.firstActionMs).toBeLessThanOrEqual(5 * MINUTE);
      expect([run.end, highest]).toEqual(['unfinished', 1]);
    }
    expect(ended(rollouts({}, { plan: { assignment } }), 'complete')).toBeGreaterThanOrEqual(ROLLOUTS - 1);
  });
});

describe('trouble that is not the change’s', () => {
  test('an incident on both sides blames nobody, and the release completes afterwards', () => {
    const seen = withEffects({ kind: 'incident', times: 6, fromMs: 20 * MINUTE, forMs: 8 * MINUTE });
    expect(ended(seen, 'complete')).toBeGreaterThanOrEqual(ROLLOUTS - 1);
    expect(ended(seen, 'rolled_back')).toBe(0);
    expect(blamed(seen)).toBeLessThanOrEqual(1);
    expect(said(seen, 'shared_incident')).toBeGreaterThanOrEqual(ROLLOUTS / 2);
  });

  test.each([200, 2_000, 20_000])(
    'one bad pod of four rolls nothing back at %i a minute, and goes nowhere',
    (requestsPerMinute) => {
      const seen = rollouts({
        traffic: { requestsPerMinute, dailySwing: 0.3 },
        pods: { canary: 4, stable: 4 },
        effects: [{ kind: 'bad_pod', errorRate: 0.5 }],
      });
      expect(ended(seen, 'rolled_back')).toBeLessThanOrEqual(1);
      expect(blamed(seen)).toBeLessThanOrEqual(ROLLOUTS / 10);
      expect(Math.max(...seen.map(({ highest }) => highest))).toBe(1);
      const reasons = seen.flatMap(({ decisions }) =>
        decisions.flatMap(({ findings }) => findings[0]?.reason ?? []),
      );
      expect(reasons).toContain('one_cluster_explains');
    },
  );

  test('pods that are all as bad are no excuse', () => {
    const seen = rollouts({ pods: { canary: 4, stable: 4 }, effects: [{ kind: 'step', by: 0.03 }] });
    expect(ended(seen, 'rolled_back')).toBe(ROLLOUTS);
    for (const { run } of seen) expect(run.firstActionMs).toBeLessThanOrEqual(8 * MINUTE);
  });

  test('telemetry away for five minutes stops the ladder for that long, and no longer', () => {
    // Over the end of the second stage, so that a promotion would have been due.
    const [from, forMs] = [28 * MINUTE, 5 * MINUTE];
    const seen = withEffects({ kind: 'telemetry_fault', why: 'unreachable', fromMs: from, forMs });
    expect(said(seen, 'telemetry_blind')).toBe(ROLLOUTS);
    for (const { decisions, run } of seen) {
      const meanwhile = decisions.filter(({ elapsedMs }) => elapsedMs >= from && elapsedMs < from + forMs);
      expect(meanwhile).toHaveLength(5);
      expect(meanwhile.some(({ kind }) => kind === 'promote' || kind === 'complete')).toBe(false);
      expect(run.blindPromotions).toBe(0);
    }
    expect(ended(seen, 'complete')).toBeGreaterThanOrEqual(ROLLOUTS - 1);
  });
});

describe('a canary with seven tenths of its traffic from the app, which fails four times as often', () => {
  // Stable has a fifth: 0.8 + 0.2 · 4 = 1.6 makes 1.6 %, and the canary’s 0.3 + 0.7 · 4 = 3.1 makes 3.1 %.
  const errorRate = 0.016;
  const noise = { ...USUAL.noise, canaryCv: 0.1, stableCv: 0.1 };
  const segments = [
    { name: 'web', canaryShare: 0.3, stableShare: 0.8, times: 1 / 1.6 },
    { name: 'app', canaryShare: 0.7, stableShare: 0.2, times: 4 / 1.6 },
  ];

  test('completes where segments are told apart', () => {
    // Half a point of 3.1 % is a sixth: it takes a target known to be steady, and a few are asked about all the same.
    const background = { [ERROR_RATE.signal]: { tau: 0.1, season: null } };
    const seen = rollouts({ errorRate, segments, noise }, { plan: { background } });
    expect(blamed(seen)).toBeLessThanOrEqual(1);
    expect(ended(seen, 'complete')).toBeGreaterThanOrEqual(22);
  });

  test('is stopped at its first stages where they are not: the same counts are 1.5 points too many', () => {
    const seen = rollouts({ errorRate, noise, effects: [{ kind: 'step', by: 0.015 }] });
    expect(ended(seen, 'complete')).toBe(0);
    expect(blamed(seen)).toBeGreaterThanOrEqual(ROLLOUTS - 1);
  });

  test('is stopped all the same when it is worse in each', () => {
    const seen = rollouts({ errorRate, segments, noise, effects: [{ kind: 'step', by: 0.03 }] });
    expect(ended(seen, 'rolled_back')).toBeGreaterThanOrEqual(ROLLOUTS - 1);
  });
});

describe('a change that gets worse', () => {
  test('with exposure, by four points at full, is stopped before everybody has it', () => {
    const seen = withEffects({ kind: 'load', atFull: 0.04 });
    expect(Math.max(...seen.map(({ highest }) => highest))).toBeLessThanOrEqual(25);
    expect(blamed(seen)).toBe(ROLLOUTS);
  });

  test('with exposure, within the user’s lines at every stage, is held by the watch before everybody has it', () => {
    // 0.04 points more at 5 %, 0.4 at 50 %: under the hold line, and more than twice the rate of the stage before.
    const steady: World['noise'] = { ...CALM.noise, canaryCv: 0.05, stableCv: 0.05 };
    const background = { [ERROR_RATE.signal]: { tau: 0.1, season: null } };
    const plan = { ...ladderOf(5, 50, 100), background };
    const world = {
      traffic: CALM.traffic,
      noise: steady,
      effects: [{ kind: 'load', atFull: 0.008 } as const],
    };
    const watched = rollouts(world, { plan });
    const unwatched = rollouts(world, { plan: { ...plan, checks: [ERROR_RATE] } });
    expect(watched.filter(({ highest }) => highest === 50).length).toBeGreaterThanOrEqual(ROLLOUTS - 6);
    expect(said(watched, 'breach_hold')).toBeGreaterThanOrEqual(ROLLOUTS - 2);
    expect(unwatched.filter(({ highest }) => highest === 100).length).toBeGreaterThanOrEqual(ROLLOUTS / 2);
  });

  test('in bursts does not blunt its own alarm', () => {
    const seen = withEffects({ kind: 'bursts', by: 0.05, everyMs: 10 * MINUTE, lastMs: 2 * MINUTE });
    for (const { run, highest } of seen) {
      expect(run.firstAction?.reason).toMatch(/^breach/);
      expect(run.firstActionMs).toBeLessThanOrEqual(3 * MINUTE);
      expect(highest).toBe(1);
    }
    expect(ended(seen, 'rolled_back')).toBeGreaterThanOrEqual(ROLLOUTS - 2);
  });
});

describe('at full exposure, with nobody beside it', () => {
  // Everybody has it from ten o’clock on, when errors are six times as usual every day.
  const settings = { startAt: Date.UTC(2026, 0, 5, 9, 5) };
  const risesAtTen: Effect = { kind: 'incident', times: 6, fromMs: 55 * MINUTE };
  const season = Array.from({ length: 24 }, (_, hour) => (hour >= 10 ? 6 : 1));
  const known = { background: { [ERROR_RATE.signal]: { tau: 0.25, season } } };
  const world = (...more: readonly Effect[]) => ({ noise: CALM.noise, effects: [risesAtTen, ...more] });

  test('the hour’s own rise is no harm where the season is known, and is where it is not', () => {
    const aware = rollouts(world(), { settings, plan: known });
    const unaware = rollouts(world(), { settings });
    expect(ended(aware, 'complete')).toBe(ROLLOUTS);
    expect(ended(unaware, 'complete')).toBeLessThanOrEqual(ROLLOUTS / 10);
  });

  test('a large break is found on top of it', () => {
    const seen = rollouts(world({ kind: 'step', by: 0.05, fromPercent: 100 }), { settings, plan: known });
    expect(ended(seen, 'complete')).toBe(0);
    expect(blamed(seen)).toBeGreaterThanOrEqual(ROLLOUTS - 1);
  });
});
