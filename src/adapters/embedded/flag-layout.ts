import * as z from 'zod';
import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import type { DesiredExposure, WriteStamp } from '../../ports/exposure.ts';
import type { FlagDefinition } from './flag-document.ts';

/** The bucketing every flag here was drawn under. A flag drawn under another may only be switched off. */
const BUCKETING_ALGORITHM = 'murmur3-v2';

/** All weights of a flag add up to this: the finest step is 0.001 %. flagd takes whole weights only. */
const TOTAL_WEIGHT = 100_000;
const HALF_WEIGHT = TOTAL_WEIGHT / 2;
export const MIN_STEP_PERCENT = 100 / TOTAL_WEIGHT;

/** Rollouts remembered per flag as overtaken. An older one than that would count as new. */
const MAX_SUPERSEDED = 32;

/**
 * `control` has the value of `off`: its one use is to name a concurrent comparison group of the canary's
 * size.
 */
const VARIANTS = { on: true, off: false, control: false } as const;

/** The share as flagd weighs it: 1 % = 1,000, rounded to the nearest 0.001 %. */
export function weightOf(percent: number): number {
  return Math.round((percent / 100) * TOTAL_WEIGHT);
}

/** The exposure the flag can hold: the share rounded to a whole weight, audiences sorted and each once. */
export function storable(desired: DesiredExposure): DesiredExposure {
  return {
    percent: (weightOf(desired.percent) * 100) / TOTAL_WEIGHT,
    audiences: [...new Set(desired.audiences)].sort(),
  };
}

/**
 * Segments of the bucket line [0, T), in order.
 *
 * Up to half: on = [0, w), control = [T/2, T/2 + w), so both arms grow from fixed, separate ends and nobody
 * crosses. Above half there is no room for an equal control: on = [0, w). At the join on is [0, T/2) either
 * way, so growth loses nobody. Source: GrowthBook's ramp arms; reference/flag-platforms.md §5 (5).
 */
function segments(weight: number): readonly (readonly [keyof typeof VARIANTS, number])[] {
  if (weight > HALF_WEIGHT) {
    return [
      ['on', weight],
      ['off', TOTAL_WEIGHT - weight],
    ];
  }
  return [
    ['on', weight],
    ['off', HALF_WEIGHT - weight],
    ['control', weight],
    ['off', HALF_WEIGHT - weight],
  ];
}

/** JSONLogic for an exposure, or undefined for nobody: a killed flag is a flag without targeting. */
function targetingFor({ percent, audiences }: DesiredExposure): Json | undefined {
  const weight = weightOf(percent);
  if (weight === 0 && audiences.length === 0) return undefined;
  const share: Json = weight === 0 ? 'off' : { fractional: segments(weight) };
  if (audiences.length === 0) return share;
  return { if: [{ in: [{ var: 'audience' }, audiences] }, 'on', share] };
}

/** Who may be exposed, and who made it so. */
export interface FlagRecord {
  readonly exposure: DesiredExposure;
  readonly stamp: WriteStamp | null;
  /** Rollouts that held this flag before and were overtaken, oldest first. */
  readonly superseded: readonly string[];
  readonly writtenAt: number;
}

/**
 * The flag that makes `exposure` true. `defaultVariant` is always `off`, so every failure of targeting is the
 * safe side; state stays ENABLED at 0 %, so that every client is told `false` instead of falling back to its
 * own default.
 */
export function flagFor({ exposure, stamp, superseded, writtenAt }: FlagRecord): FlagDefinition {
  const targeting = targetingFor(storable(exposure));
  return {
    state: 'ENABLED',
    variants: { ...VARIANTS },
    defaultVariant: 'off',
    ...(targeting === undefined ? {} : { targeting }),
    metadata: {
      algorithm: BUCKETING_ALGORITHM,
      writtenAt: new Date(writtenAt).toISOString(),
      ...(stamp === null ? {} : { rolloutId: stamp.rolloutId, seq: stamp.seq, fence: stamp.fence }),
      ...(superseded.length === 0 ? {} : { superseded: JSON.stringify(superseded.slice(-MAX_SUPERSEDED)) }),
    },
  };
}

/**
 * What a flag says of itself. `foreign`: somebody else's targeting or bucketing, so its exposure is not
 * known.
 */
export type FlagReading =
  | { readonly kind: 'known'; readonly exposure: DesiredExposure; readonly isDisabled: boolean }
  | { readonly kind: 'foreign'; readonly why: string; readonly mayKill: boolean };

/** The exposure in force, proven by writing it again: only what `flagFor` would produce counts as known. */
export function readFlag(flag: FlagDefinition): FlagReading {
  if (canonicalJson(flag.variants) !== canonicalJson(VARIANTS) || flag.defaultVariant !== 'off') {
    return { kind: 'foreign', why: 'its variants are not on/off/control with default off', mayKill: false };
  }
  if (flag.state === 'DISABLED') {
    return { kind: 'known', exposure: { percent: 0, audiences: [] }, isDisabled: true };
  }
  const algorithm = flag.metadata?.['algorithm'] ?? BUCKETING_ALGORITHM;
  if (algorithm !== BUCKETING_ALGORITHM) {
    const why = `users were drawn by ${algorithm}, this build draws by ${BUCKETING_ALGORITHM}`;
    return { kind: 'foreign', why, mayKill: true };
  }
  const exposure = exposureIn(flag.targeting);
  if (canonicalJson(targetingFor(exposure) ?? null) === canonicalJson(flag.targeting ?? null)) {
    return { kind: 'known', exposure, isDisabled: false };
  }
  return { kind: 'foreign', why: 'its targeting was not written by Sluice', mayKill: true };
}

const fractionalSchema = z.object({
  fractional: z.tuple([z.tuple([z.literal('on'), z.number()])], z.unknown()),
});
const audienceSchema = z.object({
  if: z.tuple([z.object({ in: z.tuple([z.unknown(), z.array(z.string())]) }), z.unknown(), z.unknown()]),
});

function exposureIn(targeting: unknown): DesiredExposure {
  const withAudiences = audienceSchema.safeParse(targeting);
  const audiences = withAudiences.success ? withAudiences.data.if[0].in[1] : [];
  const share = fractionalSchema.safeParse(withAudiences.success ? withAudiences.data.if[2] : targeting);
  const weight = share.success ? share.data.fractional[0][1] : 0;
  return { percent: (weight * 100) / TOTAL_WEIGHT, audiences };
}

const stampSchema = z.object({ rolloutId: z.string(), seq: z.number(), fence: z.number() });
const supersededSchema = z.string().transform((text, context) => {
  const ids = z.array(z.string()).safeParse(tryJson(text));
  if (ids.success) return ids.data;
  context.addIssue('not a list of rollout ids');
  return z.NEVER;
});

/** The stamp of the last write that was ours; null for a flag nobody has rolled out yet. */
export function stampOf(flag: FlagDefinition): WriteStamp | null {
  const stamp = stampSchema.safeParse(flag.metadata);
  return stamp.success ? stamp.data : null;
}

export function supersededIn(flag: FlagDefinition): readonly string[] {
  const ids = supersededSchema.safeParse(flag.metadata?.['superseded']);
  return ids.success ? ids.data : [];
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
