import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import { decide } from '../../src/core/gate/decide.ts';
import type { Evidence } from '../../src/core/gate/evidence.ts';
import { type Guardrail, makePlan } from '../../src/core/plan/merge.ts';
import { desiredAt, type Plan } from '../../src/core/plan/plan.ts';
import { fold } from '../../src/core/rollout/fold.ts';
import { type RolloutState, startState } from '../../src/core/rollout/state.ts';
import { worldTraffic } from '../../src/simulate/traffic.ts';
import { CALM, type World } from '../../src/simulate/world.ts';

/**
 * What one look of every rollout of a busy place costs: 10,000 rollouts of eight checks (five shares, a count, a p95 on forty
 * buckets, a level), each in the middle of its second stage, one `decide` each, in seconds of CPU on one core; then the same
 * with the watches on the previous stage that `makePlan` adds, and what a rollout's state weighs in memory and as text.
 * Exits 1 beyond a bar.
 */
const ROLLOUTS = 10_000;
const MOST_CPU_SECONDS = 1;
/** The quickest pass is what counts: whatever else the machine does only ever slows one down. */
const PASSES = 5;
/** Worlds whose rollouts are warmed; each of the 10,000 holds a copy of one of them to itself. */
const WORLDS = 40;
const WARM_LOOKS = 95;
const TICK_MS = 15_000;
/** The text of a state must not cost more than so many times the platform's own, which sorts and checks nothing. */
const MOST_TEXT_RATIO = 4;

const share = (signal: string, by: number, worse: Guardrail['worse'] = 'increase'): Guardrail => ({
  signal,
  measure: { kind: 'share' },
  worse,
  hold: { compare: 'difference', by },
  rollback: { compare: 'difference', by: 4 * by },
  severity: 'critical',
});
const GUARDRAILS: readonly Guardrail[] = [
  share('http.error_rate', 0.005),
  share('db.error_rate', 0.005),
  { ...share('http.client_error_rate', 0.01), hold: { compare: 'band', times: 1.2, floor: 0.001 } },
  { ...share('auth.login_failure_rate', 0.01), hold: { compare: 'ratio', times: 1.5 }, rollback: null },
  share('cache.hit_ratio', 0.05, 'decrease'),
  {
    ...share('custom:retries', 0.05),
    measure: { kind: 'count' },
    hold: { compare: 'ratio', times: 1.5 },
    rollback: { compare: 'ratio', times: 3 },
  },
  {
    ...share('http.latency_p95', 0.05),
    measure: { kind: 'quantile', p: 0.95 },
    hold: { compare: 'band', times: 1.2, floor: 10 },
    rollback: { compare: 'ratio', times: 2 },
  },
  {
    ...share('db.pool_saturation', 0.05),
    measure: { kind: 'level' },
    hold: { compare: 'band', times: 1.5, floor: 0 },
    rollback: null,
    severity: 'major',
  },
];
const CHECKS = GUARDRAILS.length;
/** Forty edges between a twentieth of the median and forty times it. */
const BUCKET_RATIO = 800 ** (1 / 38.5);
const WORLD: World = {
  ...CALM,
  traffic: { requestsPerMinute: 20_000, dailySwing: 0.3 },
  noise: { sharedSd: 0.25, sharedCarry: 0.8, canaryCv: 0.25, stableCv: 0.125, latencySd: 0.02 },
  signals: {
    'cache.hit_ratio': { kind: 'share', rate: 0.9 },
    'custom:retries': { kind: 'count', rate: 0.05 },
    'http.latency_p95': { kind: 'latency', medianMs: 80, spread: 0.8, bucketRatio: BUCKET_RATIO },
    'db.pool_saturation': { kind: 'level', value: 40, sd: 2 },
  },
  errorRate: 0.005,
};

function benchPlan(): Plan {
  const { plan, faults } = makePlan({
    title: 'cost',
    target: 'cost',
    surface: 'cost',
    guardrails: GUARDRAILS,
    instruction: null,
    proposals: [],
    measurable: null,
    exposureKinds: null,
    allowWiden: false,
    tickMs: TICK_MS,
  });
  if (faults.length > 0) throw new Error(faults.join('; '));
  const ladder = [5, 25, 100].map((percent) => ({
    exposure: { kind: 'percent' as const, percent },
    holdMs: 60 * TICK_MS,
  }));
  return { ...plan, ladder };
}

const NO_VERSIONS = { sluice: '', decider: 0, bucketing: '' };

interface Warm {
  readonly state: RolloutState;
  readonly evidence: Evidence;
}

/** A rollout in the middle of its second stage, and the look it is about to make. */
function warmed(plan: Plan, seed: number): Warm {
  const signals = [...new Set(plan.checks.map((check) => check.signal))];
  const startAt = 1_000_000_000;
  const traffic = worldTraffic({ ...WORLD, seed }, startAt);
  const lookAt = (look: number, percent: number): Evidence => {
    const to = startAt + look * TICK_MS;
    return {
      at: to,
      samples: traffic.count({ from: to - TICK_MS, to, percent, signals }),
      actual: { percent, audiences: [] },
    };
  };
  const first = plan.ladder[0];
  if (first === undefined) throw new Error('no stage');
  const before = lookAt(0, 0).samples;
  const started = { kind: 'started' as const, plan, planDigest: '', before, versions: NO_VERSIONS };
  let state = fold(plan, startState(plan, startAt), { at: startAt, event: started }, null);
  for (let look = 1; look <= WARM_LOOKS; look++) {
    const { percent } = desiredAt(plan, state.stageIndex);
    const evidence = lookAt(look, percent);
    const judged = decide(plan, state, evidence, evidence.at);
    // Whatever chance says of a stage, it is left after its time, so that all rollouts are as far along.
    const isLeaving = look === first.holdMs / TICK_MS + 1;
    const decision = { ...judged.decision, kind: isLeaving ? ('promote' as const) : ('wait' as const) };
    state = fold(plan, state, { at: evidence.at, event: { kind: 'decided', decision } }, evidence, judged);
  }
  return { state, evidence: lookAt(WARM_LOOKS + 1, desiredAt(plan, state.stageIndex).percent) };
}

/** CPU seconds of one look of each, and how many of them had findings, so that the work is seen to be done. */
function lookOnce(plan: Plan, rollouts: readonly Warm[]): number {
  const begun = process.cpuUsage();
  let findings = 0;
  for (const { state, evidence } of rollouts) {
    findings += decide(plan, state, evidence, evidence.at).decision.findings.length;
  }
  const { user, system } = process.cpuUsage(begun);
  if (findings !== rollouts.length * plan.checks.length) throw new Error(`${findings} findings`);
  return (user + system) / 1e6;
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

/** What 10,000 rollouts cost a look, and what each weighs. States are read back from text, as from the store: nothing is shared. */
function costOf(plan: Plan) {
  const kinds = Array.from({ length: WORLDS }, (_, seed) => warmed(plan, seed + 1));
  const texts = kinds.map(({ state }) => JSON.stringify(state));
  const before = heapUsed();
  const states = Array.from(
    { length: ROLLOUTS },
    (_, at) => JSON.parse(texts[at % WORLDS] ?? '') as RolloutState,
  );
  const bytes = (heapUsed() - before) / ROLLOUTS;
  const rollouts = states.map((state, at) => ({ state, evidence: kinds[at % WORLDS]?.evidence as Evidence }));
  const seconds = Math.min(...Array.from({ length: PASSES }, () => lookOnce(plan, rollouts)));
  const textBytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / WORLDS;
  return { seconds, bytes, textBytes };
}

/** Canonical text against the platform's own, on real states: the quickest of several passes of each. */
function textCost(plan: Plan) {
  const states = Array.from({ length: 8 }, (_, seed) => warmed(plan, seed + 1).state);
  const seconds = (write: (value: unknown) => string) => {
    const passes = Array.from({ length: 15 }, () => {
      const begun = process.cpuUsage();
      let length = 0;
      for (let round = 0; round < 25; round++) for (const state of states) length += write(state).length;
      const { user, system } = process.cpuUsage(begun);
      if (length === 0) throw new Error('no text');
      return (user + system) / 1e6 / (25 * states.length);
    });
    return Math.min(...passes);
  };
  const [own, platform] = [seconds(canonicalJson), seconds((value) => JSON.stringify(value))];
  return { own, platform, ratio: own / platform };
}

function report(name: string, plan: Plan): number {
  const { seconds, bytes, textBytes } = costOf(plan);
  const perCheck = (seconds * 1e6) / (ROLLOUTS * plan.checks.length);
  console.log(
    `${name}: ${ROLLOUTS} rollouts × ${plan.checks.length} checks, one look each: ${seconds.toFixed(2)} CPU s ` +
      `(${perCheck.toFixed(1)} µs a check); a state holds ${(bytes / 1024).toFixed(0)} KiB of heap, ` +
      `${(textBytes / 1024).toFixed(0)} KiB as text`,
  );
  return seconds;
}

const whole = benchPlan();
const alone: Plan = { ...whole, checks: whole.checks.filter((check) => check.intent !== 'watch') };
if (alone.checks.length !== CHECKS) throw new Error(`${alone.checks.length} checks, not ${CHECKS}`);
const seconds = report('eight checks', alone);
report('with the watches on the previous stage', whole);
const text = textCost(whole);
console.log(
  `canonical text of a state: ${(text.own * 1e6).toFixed(0)} µs, ${text.ratio.toFixed(2)} × JSON.stringify (${(text.platform * 1e6).toFixed(0)} µs)`,
);
if (seconds > MOST_CPU_SECONDS) {
  console.error(`eight checks cost more than ${MOST_CPU_SECONDS} CPU s`);
  process.exitCode = 1;
}
if (text.ratio > MOST_TEXT_RATIO) {
  console.error(`canonical text costs more than ${MOST_TEXT_RATIO} × JSON.stringify`);
  process.exitCode = 1;
}
