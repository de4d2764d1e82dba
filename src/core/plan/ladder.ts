import { formatDuration } from '../duration.ts';

/** Who gets the change by design at one stage. `percent` is in 0..100. */
export type Exposure =
  | { readonly kind: 'percent'; readonly percent: number }
  | { readonly kind: 'audience'; readonly name: string }
  | { readonly kind: 'switch'; readonly to: string };

/** One rung: who is exposed, and for how long at the least before the gate may open. */
export interface Stage {
  readonly exposure: Exposure;
  readonly holdMs: number;
}

export type Ladder = readonly Stage[];

export type Risk = 'low' | 'medium' | 'high';

const DAY_MS = 86_400_000;

/** The ladder a risk implies when neither words nor policy give one (DESIGN §4): one day a stage, high risk over two weeks. */
const RISK_LADDERS: Readonly<
  Record<Risk, { readonly percents: readonly number[]; readonly totalDays: number }>
> = {
  low: { percents: [5, 50, 100], totalDays: 3 },
  medium: { percents: [1, 10, 50, 100], totalDays: 4 },
  high: { percents: [1, 5, 10, 25, 50, 100], totalDays: 14 },
};

export function ladderForRisk(risk: Risk): Ladder {
  const { percents, totalDays } = RISK_LADDERS[risk];
  const holdMs = Math.floor((totalDays * DAY_MS) / percents.length);
  return percents.map((percent) => ({ exposure: { kind: 'percent', percent }, holdMs }));
}

/** "5%", "audience:internal", "switch:green": the written form, and `parseExposure` its inverse. */
export function formatExposure(exposure: Exposure): string {
  switch (exposure.kind) {
    case 'percent':
      return `${exposure.percent}%`;
    case 'audience':
      return `audience:${exposure.name}`;
    case 'switch':
      return `switch:${exposure.to}`;
  }
}

export function parseExposure(text: string): Exposure | null {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text);
  if (percent !== null) {
    const value = Number(percent[1]);
    return value > 0 && value <= 100 ? { kind: 'percent', percent: value } : null;
  }
  const named = /^(audience|switch):(\S+)$/.exec(text);
  if (named?.[2] === undefined) return null;
  return named[1] === 'audience' ? { kind: 'audience', name: named[2] } : { kind: 'switch', to: named[2] };
}

/** "1% → 5% → 100%, 15m per stage", or each stage with its own hold where they differ. */
export function formatLadder(ladder: Ladder): string {
  const holds = new Set(ladder.map((stage) => stage.holdMs));
  const rungs = ladder.map((stage) =>
    holds.size === 1
      ? formatExposure(stage.exposure)
      : `${formatExposure(stage.exposure)} for ${formatDuration(stage.holdMs)}`,
  );
  const [first] = ladder;
  const suffix = holds.size === 1 && first !== undefined ? `, ${formatDuration(first.holdMs)} per stage` : '';
  return rungs.join(' → ') + suffix;
}

/** What a ladder must be, in words; empty when it is sound. Percentages rise; where the last one may stop is the words' affair. */
export function ladderFaults(ladder: Ladder): readonly string[] {
  const faults: string[] = [];
  if (ladder.length === 0) faults.push('the ladder has no stage');
  let highest = 0;
  for (const stage of ladder) {
    if (!Number.isFinite(stage.holdMs) || stage.holdMs < 0) faults.push(`a stage holds ${stage.holdMs} ms`);
    if (stage.exposure.kind !== 'percent') continue;
    const { percent } = stage.exposure;
    if (!(percent > 0 && percent <= 100)) faults.push(`${percent}% is not an exposure`);
    if (percent <= highest) faults.push(`${percent}% does not rise above ${highest}%`);
    highest = percent;
  }
  return faults;
}
