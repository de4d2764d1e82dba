import { performance } from 'node:perf_hooks';
import {
  SAFETY_START,
  STANDARD_MIXTURE,
  startHarm,
  stepHarm,
  stepSafety,
} from '../../src/core/gate/evidence-process.ts';
import { randomFrom } from '../../src/simulate/random.ts';

/**
 * What one interval of one share check costs: a harm step over ten alternatives and a safety step for either margin.
 * Said also as a multiple of a plain loop of as many `Math.log` calls as the steps make, which travels between machines.
 * Exits 1 beyond the bound, so that CI notices an accident of an order of magnitude, not a slow afternoon.
 */
const INTERVALS = 200_000;
/** The quickest batch is what counts: whatever else the machine does only ever slows one down. */
const BATCH = 10_000;
const MOST_MICROSECONDS = 5;
/** Two for each of 10 + 2 × 5 alternatives; the mixture's own are not counted. */
const LOGS_PER_INTERVAL = 40;

const random = randomFrom(1);
const WINDOWS = Array.from({ length: 1_024 }, () => ({
  treated: { n: 200, x: random.poisson(1) },
  reference: { n: 19_800, x: random.poisson(99) },
}));
const EVIDENCE = { times: 1, plus: 0.0025 };
const WIDE = { times: 1, plus: 0.02 };
const TIGHT = { times: 1, plus: 0.005 };
const SETTINGS = {
  noise: { tau: 0.25 },
  plannedLooks: 60,
  targets: [TIGHT, WIDE],
  mixture: STANDARD_MIXTURE,
};

/** Microseconds per interval, and a number that depends on all of the work, so that none of it is left out. */
function measured(intervals: number): { readonly microseconds: number; readonly check: number } {
  let [harm, wide, tight] = [startHarm(2), SAFETY_START, SAFETY_START];
  const begun = performance.now();
  for (let at = 0; at < intervals; at++) {
    const counts = WINDOWS[at % WINDOWS.length];
    if (counts === undefined) continue;
    harm = stepHarm(harm, counts, EVIDENCE, 0.005, SETTINGS);
    wide = stepSafety(wide, counts, WIDE, 0.005, SETTINGS.noise);
    tight = stepSafety(tight, counts, TIGHT, 0.005, SETTINGS.noise);
  }
  const microseconds = ((performance.now() - begun) * 1_000) / intervals;
  return { microseconds, check: harm.peak + (wide[0] ?? 0) + (tight[0] ?? 0) };
}

function plainLogs(intervals: number): { readonly microseconds: number; readonly check: number } {
  let check = 0;
  const begun = performance.now();
  for (let at = 1; at <= intervals * LOGS_PER_INTERVAL; at++) check += Math.log(at);
  return { microseconds: ((performance.now() - begun) * 1_000) / intervals, check };
}

function quickest(work: (intervals: number) => { readonly microseconds: number; readonly check: number }) {
  const batches = Array.from({ length: INTERVALS / BATCH }, () => work(BATCH));
  if (!batches.every(({ check }) => Number.isFinite(check))) throw new Error('the work was not done');
  return { microseconds: Math.min(...batches.map(({ microseconds }) => microseconds)) };
}

const evidence = quickest(measured);
const logs = quickest(plainLogs);

const ratio = evidence.microseconds / logs.microseconds;
console.log(
  `evidence process: ${evidence.microseconds.toFixed(2)} µs per check and interval over ${INTERVALS} intervals, ` +
    `${ratio.toFixed(1)} × a plain loop of ${LOGS_PER_INTERVAL} Math.log calls (${logs.microseconds.toFixed(2)} µs)`,
);
if (evidence.microseconds > MOST_MICROSECONDS) {
  console.error(`that is more than ${MOST_MICROSECONDS} µs`);
  process.exitCode = 1;
}
