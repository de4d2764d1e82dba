/**
 * What harm evidence is measured against, from most to least patient. `strict`: the rollback line itself; `cautious`: the hold line;
 * `standard`: half-way to it; `fast`: no effect at all; `literal`: nothing, the estimate alone at two looks in a row with the
 * least units. All differ on the side of harm only: to promote, each needs the same evidence of safety.
 * `docs/benchmarks.md` has the measured error rates of each.
 */
export const EVIDENCE_MODES = ['strict', 'cautious', 'standard', 'fast', 'literal'] as const;
export type EvidenceMode = (typeof EVIDENCE_MODES)[number];

/** The gate's constants for one rollout: part of the plan, so that a replay decides under the same ones. */
export interface GateSettings {
  /** Chance of rolling back a release that is within `kappa` of the hold line, over the whole rollout and all critical checks. */
  readonly alphaRollback: number;
  readonly alphaHold: number;
  /** Chance of calling a check clear whose truth lies beyond the margin. */
  readonly alphaSafe: number;
  /** Where harm evidence is measured from: between no effect (0) and the hold line (1), or the rollback line (2). */
  readonly kappa: number;
  /** Breaches are called by estimates alone (opt-in). */
  readonly isLiteral?: true;
  /** Arm-level coefficient of variation from look to look. */
  readonly tau: number;
  /** Design effect of latency exceedances. */
  readonly latencyPhi: number;
  /** Units each side must have shown in this stage before a check can be clear. Harm needs none. */
  readonly minUnits: number;
  readonly minIntervals: number;
  /** How much of the past the predicted rate keeps at each look. */
  readonly predictionDecay: number;
  /** Looks over which restarts are spread. */
  readonly plannedLooks: number;
  /** Length of the trailing estimate window. */
  readonly trailingMs: number;
  /** A reading older than this says nothing about now. */
  readonly staleMs: number;
}

const KAPPAS: Readonly<Record<EvidenceMode, number>> = {
  strict: 2,
  cautious: 1,
  standard: 0.5,
  fast: 0,
  literal: 0.5,
};

/** The mode that settings were made for. */
export function modeOf({ kappa, isLiteral }: Pick<GateSettings, 'kappa' | 'isLiteral'>): EvidenceMode {
  if (isLiteral === true) return 'literal';
  return EVIDENCE_MODES.find((mode) => mode !== 'literal' && KAPPAS[mode] === kappa) ?? 'standard';
}

/** Time between looks in production. */
export const TICK_MS = 15_000;

/** The trailing window: five minutes; shorter where looks come quicker than the default, longer where they are slow. */
const TRAILING_MS = 300_000;
const TRAILING_TICKS = 20;
const LEAST_TRAILING_TICKS = 5;
/** What is older than two ticks is stale; with very short ticks, two seconds, within which a busy machine may answer. */
const STALE_TICKS = 2;
const LEAST_STALE_MS = 2_000;
const LEAST_PLANNED_LOOKS = 60;

/** The shipped defaults for a ladder of this length, in an evidence mode. */
export function standardSettings(
  timing: { readonly tickMs: number; readonly ladderMs: number },
  mode: EvidenceMode = 'standard',
): GateSettings {
  return {
    alphaRollback: 0.003,
    alphaHold: 0.05,
    alphaSafe: 0.05,
    kappa: KAPPAS[mode],
    ...(mode === 'literal' ? { isLiteral: true as const } : {}),
    tau: 0.25,
    latencyPhi: 1.5,
    minUnits: 100,
    minIntervals: 3,
    predictionDecay: 0.95,
    plannedLooks: Math.max(LEAST_PLANNED_LOOKS, Math.ceil(timing.ladderMs / timing.tickMs)),
    trailingMs: Math.max(
      LEAST_TRAILING_TICKS * timing.tickMs,
      Math.min(TRAILING_MS, TRAILING_TICKS * timing.tickMs),
    ),
    staleMs: Math.max(STALE_TICKS * timing.tickMs, LEAST_STALE_MS),
  };
}
