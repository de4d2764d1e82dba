import { EVIDENCE_MODES, TICK_MS } from '../../../src/core/gate/settings.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { CALM, type SegmentWorld, type World, type WorldNoise } from '../../../src/simulate/world.ts';
import { adaptivePlan } from './adaptive-ladder.ts';
import {
  errorRateCheck,
  errorRatePlan,
  latencyPlan,
  MINUTE_MS,
  P99,
  withChecks,
  withLadder,
  withLearnedNoise,
  withSettings,
} from './bench-plan.ts';
import { type Cell, STANDARD_RUN } from './cell.ts';
import {
  LATENCY_EFFECTS,
  MAIN_EFFECTS,
  type NamedEffect,
  NONE,
  PLUS_2,
  PLUS_3,
  PLUS_07,
  PLUS_10,
  step,
} from './effects.ts';
import { type CompetitorId, type MethodId, takesValues } from './methods.ts';

/** Reference world: 0.5 % fail, shared swings, either side with noise of its own, ±30 % over the day. */
const NOISE: WorldNoise = {
  sharedSd: 0.25,
  sharedCarry: 0.8,
  canaryCv: 0.25,
  stableCv: 0.125,
  latencySd: 0.02,
};
const STABLE_RATE = 0.005;
export const TRAFFICS = [20_000, 2_000, 200, 20] as const;

export const MAIN = 'Speed and truth';
export const LATENCY = 'Latency';
const ONLY_SLUICE: readonly MethodId[] = ['sluice'];

interface Setting {
  readonly table: string;
  readonly row: string;
  readonly traffic: number;
  readonly effect: NamedEffect;
  readonly plan: Plan;
  readonly methods?: readonly MethodId[];
  readonly world?: Partial<World>;
  readonly run?: Partial<Cell['settings']>;
  readonly rolloutShare?: number;
}

function cellOf({ table, row, traffic, effect, plan, methods, world, run, rolloutShare }: Setting): Cell {
  return {
    id: `${table} · ${row} · ${effect.name}`,
    table,
    row,
    column: effect.name,
    plan,
    world: {
      ...CALM,
      errorRate: STABLE_RATE,
      traffic: { requestsPerMinute: traffic, dailySwing: 0.3 },
      noise: NOISE,
      effects: effect.effects,
      ...world,
    },
    settings: { ...STANDARD_RUN, ...run },
    methods: methods ?? ONLY_SLUICE,
    rolloutShare: rolloutShare ?? 1,
    onsetMs: effect.onsetMs,
  };
}

/** `20,000 a minute`. */
export function trafficText(traffic: number): string {
  return `${traffic.toLocaleString('en-GB')} a minute`;
}

/** Every cell of the benchmark. Competitors run where their rule has something to say; the rest is about Sluice's own settings. */
export function allCells(competitors: readonly CompetitorId[]): readonly Cell[] {
  return [
    ...mainCells([...ONLY_SLUICE, ...competitors]),
    ...latencyCells([...ONLY_SLUICE, ...competitors.filter(takesValues)]),
    ...tickCells(),
    ...modeCells(),
    ...noiseCells(),
    ...rateCells(),
    ...threeCheckCells(),
    ...previousStageCells(),
    ...segmentCells(),
    ...widenCells(),
    ...adaptiveCells(),
  ];
}

export function mainCells(methods: readonly MethodId[]): readonly Cell[] {
  const plan = errorRatePlan();
  return TRAFFICS.flatMap((traffic) =>
    MAIN_EFFECTS.map((effect) =>
      cellOf({ table: MAIN, row: trafficText(traffic), traffic, effect, plan, methods }),
    ),
  );
}

export function latencyCells(methods: readonly MethodId[]): readonly Cell[] {
  const plan = latencyPlan();
  const signals = { [P99]: { kind: 'latency', medianMs: 80, spread: 0.8, bucketRatio: 1.022 } } as const;
  return [20_000, 2_000].flatMap((traffic) =>
    LATENCY_EFFECTS.map((effect) =>
      cellOf({
        table: LATENCY,
        row: trafficText(traffic),
        traffic,
        effect,
        plan,
        methods,
        world: { signals },
        rolloutShare: 0.1,
      }),
    ),
  );
}

/** The shipped 15 s between looks beside the comparison's 60 s, with the noise learned from stable's past as at a start. */
function tickCells(): readonly Cell[] {
  return [20_000, 2_000].flatMap((traffic) =>
    MAIN_EFFECTS.map((effect) => {
      const cell = cellOf({
        table: 'A look every 15 s',
        row: trafficText(traffic),
        traffic,
        effect,
        plan: errorRatePlan(TICK_MS),
      });
      return { ...cell, plan: withLearnedNoise(cell.plan, cell.world) };
    }),
  );
}

/** The evidence modes a policy may choose: what harm evidence is measured against. */
function modeCells(): readonly Cell[] {
  const plan = errorRatePlan();
  const effects = [NONE, ...MAIN_EFFECTS.slice(2, 4), step(1), PLUS_2, PLUS_3];
  return [20_000, 2_000].flatMap((traffic) =>
    EVIDENCE_MODES.flatMap((mode) =>
      effects.map((effect) =>
        cellOf({
          table: 'Evidence modes',
          row: `${trafficText(traffic)}, ${mode}`,
          traffic,
          effect,
          plan: withLadder(plan, plan.ladder, mode),
        }),
      ),
    ),
  );
}

/** A true effect exactly on the hold line, the sides' true noise against the noise the gate assumes or has learned. */
function noiseCells(): readonly Cell[] {
  return [0, 0.25, 'learned' as const].flatMap((tau) =>
    [0, 0.25, 0.5].map((cv) => {
      const cell = cellOf({
        table: 'True effect on the hold line',
        row: `true noise ${cv}, ${tau === 'learned' ? 'learned from stable’s past' : `assumed ${tau}`}`,
        traffic: 20_000,
        effect: step(0.5),
        plan: withSettings(errorRatePlan(), { kappa: 1, ...(tau === 'learned' ? {} : { tau }) }),
        world: { noise: { ...NOISE, canaryCv: cv, stableCv: cv / 2 } },
      });
      return tau === 'learned' ? { ...cell, plan: withLearnedNoise(cell.plan, cell.world) } : cell;
    }),
  );
}

function rateCells(): readonly Cell[] {
  return [0.000_5, 0.02].flatMap((errorRate) =>
    [NONE, PLUS_07, PLUS_2, PLUS_3].map((effect) =>
      cellOf({
        table: 'Another stable rate',
        row: `stable fails ${errorRate * 100} %`,
        traffic: 20_000,
        effect,
        plan: errorRatePlan(),
        world: { errorRate },
      }),
    ),
  );
}

/** Two more critical checks that nothing is wrong with: what the correction for several checks costs. */
function threeCheckCells(): readonly Cell[] {
  const plan = errorRatePlan();
  const first = errorRateCheck(plan);
  const more = ['custom:second', 'custom:third'].map((signal) => ({ ...first, id: signal, signal }));
  return [20_000, 2_000].flatMap((traffic) =>
    [NONE, PLUS_07, PLUS_2, PLUS_3].map((effect) =>
      cellOf({
        table: 'Three critical checks',
        row: trafficText(traffic),
        traffic,
        effect,
        plan: withChecks(plan, [...plan.checks, ...more]),
      }),
    ),
  );
}

/**
 * With and without the check that every plan carries against the canary's own previous stage, and with one that votes: an effect
 * that grows with exposure should trip it, one that was there from the start should not.
 */
function previousStageCells(): readonly Cell[] {
  const plan = errorRatePlan();
  const first = errorRateCheck(plan);
  const voting = {
    ...first,
    id: `${first.signal}/previous_stage`,
    against: { kind: 'previous_stage' as const },
    hold: { compare: 'ratio' as const, times: 1.25 },
    rollback: null,
    severity: 'major' as const,
  };
  const worlds: readonly NamedEffect[] = [
    NONE,
    { name: 'always +0.2', effects: [{ kind: 'step', by: 0.002 }], onsetMs: 0 },
    { name: 'load, +1 at 100 %', effects: [{ kind: 'load', atFull: 0.01 }], onsetMs: 0 },
    { name: 'load, +3 at 100 %', effects: [{ kind: 'load', atFull: 0.03 }], onsetMs: 0 },
  ];
  return [20_000, 2_000].flatMap((traffic) =>
    worlds.flatMap((effect) =>
      [
        { name: 'without the check', checks: [first] },
        { name: 'as every plan has it', checks: plan.checks },
        { name: 'as a check that votes', checks: [first, voting] },
      ].map(({ name, checks }) =>
        cellOf({
          table: 'Against the previous stage',
          row: `${trafficText(traffic)}, ${name}`,
          traffic,
          effect,
          plan: withChecks(plan, checks),
        }),
      ),
    ),
  );
}

/**
 * Six tenths of the canary's traffic is mobile, a ninth of stable's, and mobile fails ten times as often: a crude +1.1 points
 * (1.6 % against 0.5 %) that is nobody's doing. Multiples are of the canary's mean, so that effects are its own points.
 */
const CANARY_MEAN = 3.2;
const SEGMENTS: readonly SegmentWorld[] = [
  { name: 'web', canaryShare: 0.4, stableShare: 8 / 9, times: 0.5 / CANARY_MEAN },
  { name: 'mobile', canaryShare: 0.6, stableShare: 1 / 9, times: 5 / CANARY_MEAN },
];

function segmentCells(): readonly Cell[] {
  return [20_000, 2_000].flatMap((traffic) =>
    [NONE, PLUS_2, PLUS_3].map((effect) =>
      cellOf({
        table: 'Different mixes of segments',
        row: trafficText(traffic),
        traffic,
        effect,
        plan: errorRatePlan(),
        world: { segments: SEGMENTS, errorRate: STABLE_RATE * CANARY_MEAN },
      }),
    ),
  );
}

function widenCells(): readonly Cell[] {
  return [200, 20].flatMap((traffic) =>
    [NONE, PLUS_07, PLUS_2, PLUS_10].map((effect) =>
      cellOf({
        table: 'Widening allowed',
        row: trafficText(traffic),
        traffic,
        effect,
        plan: { ...errorRatePlan(), allowWiden: true },
      }),
    ),
  );
}

/** Long enough for any ladder that is chosen at these traffics. */
const ADAPTIVE_HORIZON_MS = 14 * 24 * 60 * MINUTE_MS;

/** The ladder chosen for the traffic there is (opt-in by policy), run to its end. */
function adaptiveCells(): readonly Cell[] {
  return [2_000, 200, 20].flatMap((traffic) =>
    [NONE, PLUS_07, PLUS_2, PLUS_10].map((effect) =>
      cellOf({
        table: 'Adaptive ladder',
        row: trafficText(traffic),
        traffic,
        effect,
        plan: adaptivePlan(errorRatePlan(), { requestsPerMinute: traffic, errorRate: STABLE_RATE }),
        run: { horizonMs: ADAPTIVE_HORIZON_MS },
        rolloutShare: 0.1,
      }),
    ),
  );
}
