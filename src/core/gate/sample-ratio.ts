import { logGamma } from './distributions.ts';

/**
 * Sample-ratio mismatch, looked at continuously: an e-process against "each unit falls to the canary with the designed share".
 * Beta-binomial mixture against the binomial, after Lindon & Malek, "Anytime-valid inference for multinomial count data"
 * (NeurIPS 2022). Units, not requests: retries and heavy users would tilt requests without any fault of assignment.
 */
export interface RatioState {
  /** Units of the current exposure, and the ln e-value of earlier ones. */
  readonly share: number | null;
  readonly canary: number;
  readonly stable: number;
  readonly closed: number;
  /** Highest ln e-value so far. */
  readonly peak: number;
}

/** Weight of the prior in units, centred on the design: enough to catch a few percent, relative, within some thousand units. */
const PRIOR_UNITS = 1_000;

export function startRatio(): RatioState {
  return { share: null, canary: 0, stable: 0, closed: 0, peak: 0 };
}

/** Units assigned in one window, and the share of them that should have been canary. A new share starts a new comparison. */
export function stepRatio(
  state: RatioState,
  units: { readonly canary: number; readonly stable: number },
  share: number,
): RatioState {
  const isSame = state.share === share;
  const closed = isSame ? state.closed : state.closed + logRatio(state);
  const next = {
    share,
    canary: (isSame ? state.canary : 0) + units.canary,
    stable: (isSame ? state.stable : 0) + units.stable,
    closed,
    peak: state.peak,
  };
  return { ...next, peak: Math.max(state.peak, closed + logRatio(next)) };
}

/** ln of the beta-binomial over the binomial likelihood of the current comparison. */
function logRatio({ share, canary, stable }: Pick<RatioState, 'share' | 'canary' | 'stable'>): number {
  if (share === null || canary + stable === 0) return 0;
  const [a, b] = [PRIOR_UNITS * share, PRIOR_UNITS * (1 - share)];
  const logBeta = (x: number, y: number) => logGamma(x) + logGamma(y) - logGamma(x + y);
  return (
    logBeta(a + canary, b + stable) - logBeta(a, b) - canary * Math.log(share) - stable * Math.log(1 - share)
  );
}
