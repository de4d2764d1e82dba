import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';
import { canonicalJson } from './core/canonical-json.ts';
import { parseDuration } from './core/duration.ts';
import { EVIDENCE_MODES } from './core/gate/settings.ts';
import { type Line, measureOf } from './core/plan/check.ts';
import { parseLine } from './core/plan/line-text.ts';
import { type Guardrail, type PlanPolicy, stricterLine } from './core/plan/merge.ts';
import { type Cohorts, type SignalBinding, shapeOf } from './core/plan/signal-binding.ts';
import { isSignalKind, SIGNAL_KINDS } from './core/plan/signal-kinds.ts';

/** What an operator configured, checked once. The rest of the program sees only this. */
export interface Config {
  /** Time between looks, ms: the shortest `every` of the sources. */
  readonly tickMs: number;
  readonly sources: Readonly<
    Record<string, { readonly everyMs: number; readonly endpoints: readonly string[] }>
  >;
  readonly signals: Readonly<Record<string, SignalBinding>>;
  readonly surfaces: Readonly<Record<string, { readonly guardrails: readonly Guardrail[] }>>;
  readonly targets: Readonly<Record<string, TargetConfig>>;
  /** Whether a model reads changes beside the rules, and which. */
  readonly model: { readonly mode: 'off' | 'shadow' | 'assist'; readonly id: string };
}

export interface TargetConfig {
  readonly surface: string | null;
  readonly flag: string;
  readonly unit: string;
  /** Services this one calls, by name: targets, or others that Sluice does not roll out. */
  readonly calls: readonly string[];
  readonly cohorts: Cohorts;
  /** The target's standing instruction, given here or in a file beside the configuration. */
  readonly instruction: string | null;
  readonly policy: PlanPolicy;
}

/** The configuration cannot be used; nothing was started. The message names the place and what is accepted. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
  readonly code = 'config_invalid';
}

const name = z.string().min(1);
const match = z.record(name, z.string()).default({});
const bad = z.record(name, z.string());
const counter = { source: name, counter: name, match };
const secondSums = z.strictObject({ sum: name, sumOfSquares: name, product: name });
const moments = z
  .strictObject({
    source: name,
    units: name,
    sum: name,
    sumOfSquares: name,
    match,
    denominator: secondSums.optional(),
    companion: secondSums.optional(),
  })
  .refine(
    ({ denominator, companion }) => denominator === undefined || companion === undefined,
    'has either a denominator or a companion',
  );
/** The forms of docs/telemetry.md, told apart by their keys. */
const signalSchema = z.union(
  [
    z.strictObject({ ...counter, bad }),
    z.strictObject({ ...counter, good: bad }),
    z.strictObject({ ...counter, per: z.strictObject({ counter: name, match }) }),
    z.strictObject({ ...counter, per: z.enum(['second', 'minute']) }),
    z.strictObject({ source: name, histogram: name, match }),
    z.strictObject({ source: name, gauge: name, match }),
    moments,
  ],
  {
    error:
      'is measured by a source and one of: counter with bad, good or per; histogram; gauge; units with sum and ' +
      'sumOfSquares (docs/telemetry.md has an example of each)',
  },
);
const duration = z
  .string()
  .refine((text) => (parseDuration(text) ?? 0) >= 1_000, 'a time of at least a second, as "15s" or "1m"');
/** "+2.1 percent": a relative change; as a number of percent. */
const relativeChange = z
  .string()
  .regex(/^[+-]?\d+(\.\d+)? ?(percent|%)$/, 'a relative change, as "+2 percent" or "0.5 percent"')
  .transform((text) => Number.parseFloat(text));
const values = z.union([z.string(), z.array(z.string()).min(1)]);

const modelSchema = z.strictObject({
  mode: z.enum(['off', 'shadow', 'assist']).default('off'),
  model: name.default('claude-sonnet-5-5'),
});

export const configSchema = z.strictObject({
  telemetry: z.record(
    z.string(),
    z.strictObject({
      kind: z.literal('scrape'),
      every: duration.default('15s'),
      endpoints: z.array(z.url()).min(1),
    }),
  ),
  signals: z.record(z.string(), signalSchema),
  surfaces: z
    .record(
      z.string(),
      z.strictObject({
        guardrails: z.array(
          z.strictObject({
            signal: z.string(),
            quantile: z.number().gt(0).lt(1).optional(),
            hold: z.string().optional(),
            rollback: z.string().optional(),
            severity: z.enum(['critical', 'major', 'advisory']).default('critical'),
          }),
        ),
      }),
    )
    .default({}),
  targets: z.record(
    z.string(),
    z.strictObject({
      surface: z.string().optional(),
      exposure: z.strictObject({
        backend: z.literal('embedded'),
        flag: z.string().min(1),
        unit: z.string().default('userId'),
      }),
      cohorts: z.strictObject({
        label: name,
        canary: values.default('on'),
        control: values.optional(),
        stable: values.default('off'),
        segment: name.optional(),
        cluster: name.optional(),
      }),
      calls: z.array(name).default([]),
      instruction: z.string().optional(),
      widen: z.boolean().default(false),
      adaptive: z.boolean().default(false),
      largestFirst: z.number().gt(0).lte(100).optional(),
      evidence: z.enum(EVIDENCE_MODES).default('standard'),
      assignment: z.string().optional(),
      predictions: z
        .record(z.string(), z.strictObject({ change: relativeChange, within: relativeChange }))
        .default({}),
    }),
  ),
  model: modelSchema.prefault({}),
});

type RawConfig = z.output<typeof configSchema>;

/** Reads and checks a `sluice.yaml`. Throws `ConfigInvalid`. */
export function loadConfig(path: string): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigInvalid(
      `${path} cannot be read. Name another with --config, or write one (see README).`,
      { cause },
    );
  }
  return parseConfig(text, path);
}

export function parseConfig(text: string, path: string): Config {
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    throw new ConfigInvalid(`${path} is not YAML: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const raw = configSchema.safeParse(document ?? {});
  if (!raw.success) throw new ConfigInvalid(`${path}:\n${z.prettifyError(raw.error)}`);
  return validConfig(raw.data, path);
}

function validConfig(raw: RawConfig, path: string): Config {
  const fail = (place: string, problem: string): never => {
    throw new ConfigInvalid(`${path}: ${place}: ${problem}`);
  };
  const signals = Object.fromEntries(
    Object.entries(raw.signals).map(([name, signal]) => {
      if (!isSignalKind(name) && !name.startsWith('custom:')) {
        fail(`signals.${name}`, 'is neither a signal kind nor a custom: signal');
      }
      if (!Object.hasOwn(raw.telemetry, signal.source)) {
        fail(`signals.${name}`, `names the source "${signal.source}", which telemetry does not have`);
      }
      return [name, bindingOf(signal)];
    }),
  );
  const sources = Object.fromEntries(
    Object.entries(raw.telemetry).map(([name, source]) => [
      name,
      { everyMs: parseDuration(source.every) ?? 0, endpoints: source.endpoints },
    ]),
  );
  for (const [name, { endpoints }] of Object.entries(sources)) {
    const isTwice = new Set(endpoints.map((endpoint) => new URL(endpoint).href)).size < endpoints.length;
    if (isTwice) fail(`telemetry.${name}.endpoints`, 'one is listed twice, and its events would count twice');
  }
  const everys = Object.values(sources).map((source) => source.everyMs);
  if (everys.length === 0) fail('telemetry', 'has no source');
  const surfaces = Object.fromEntries(
    Object.entries(raw.surfaces).map(([name, surface]) => [
      name,
      {
        guardrails: surface.guardrails.map((g, at) =>
          guardrailOf(g, signals, `surfaces.${name}.guardrails[${at}]`, fail),
        ),
      },
    ]),
  );
  const model = { mode: raw.model.mode, id: raw.model.model };
  return { tickMs: Math.min(...everys), sources, signals, surfaces, targets: targetsOf(raw, fail), model };
}

/** What each target calls, as configured, and which targets call a service. Null where nothing is known of any. */
export function dependenciesOf({
  targets,
}: Pick<Config, 'targets'>):
  | ((component: string) => Promise<Record<'upstream' | 'downstream', readonly string[]>>)
  | null {
  const entries = Object.entries(targets);
  if (entries.every(([, { calls }]) => calls.length === 0)) return null;
  return async (component) => ({
    upstream: targets[component]?.calls ?? [],
    downstream: entries.filter(([, { calls }]) => calls.includes(component)).map(([name]) => name),
  });
}

function targetsOf(raw: RawConfig, fail: (place: string, problem: string) => never): Config['targets'] {
  const flags = new Set<string>();
  const signalOf = (signal: string, place: string): string =>
    Object.hasOwn(raw.signals, signal) ? signal : fail(place, `"${signal}" is not one of the signals`);
  return Object.fromEntries(
    Object.entries(raw.targets).map(([name, target]) => {
      const { surface, exposure, cohorts } = target;
      if (surface !== undefined && !Object.hasOwn(raw.surfaces, surface)) {
        fail(`targets.${name}.surface`, `"${surface}" is not one of the surfaces`);
      }
      if (flags.has(exposure.flag))
        fail(`targets.${name}.exposure.flag`, `"${exposure.flag}" drives another target`);
      flags.add(exposure.flag);
      return [
        name,
        {
          surface: surface ?? null,
          flag: exposure.flag,
          unit: exposure.unit,
          calls: target.calls,
          cohorts: cohortsOf(cohorts, (problem) => fail(`targets.${name}.cohorts`, problem)),
          instruction: target.instruction ?? null,
          policy: policyOf(target, `targets.${name}`, signalOf),
        },
      ];
    }),
  );
}

function cohortsOf(
  raw: RawConfig['targets'][string]['cohorts'],
  fail: (problem: string) => never,
): TargetConfig['cohorts'] {
  const { label, segment, cluster } = raw;
  const control = raw.control === undefined ? [] : [raw.control].flat();
  const canary = [raw.canary].flat();
  const stable = [...[raw.stable].flat(), ...control];
  const both = canary.find((value) => stable.includes(value));
  if (both !== undefined) fail(`"${both}" is both canary and stable`);
  // A bucket's bound, and the side itself, are no parts of a side.
  if ([segment, cluster].some((part) => part === label || part === 'le')) {
    fail(`neither "${label}" nor "le" can be the segment or cluster label`);
  }
  return {
    label,
    canary,
    stable,
    ...(segment === undefined ? {} : { segment }),
    ...(cluster === undefined ? {} : { cluster }),
  };
}

/** Half the width of a 95 % interval, in standard errors. */
const HALF_WIDTH = 1.96;

/** "+2 percent, within 1 percent" (the half width of its 95 % interval) on the log scale. */
function predictionOf(prediction: { readonly change: number; readonly within: number }) {
  const times = 1 + prediction.change / 100;
  return { times, se: Math.abs(prediction.within) / 100 / HALF_WIDTH / times };
}

function policyOf(
  target: RawConfig['targets'][string],
  place: string,
  signalOf: (signal: string, place: string) => string,
): PlanPolicy {
  const { assignment, largestFirst } = target;
  return {
    allowWiden: target.widen,
    adaptive: target.adaptive,
    evidence: target.evidence,
    ...(largestFirst === undefined ? {} : { largestFirstPercent: largestFirst }),
    ...(assignment === undefined ? {} : { assignment: signalOf(assignment, `${place}.assignment`) }),
    predictions: Object.fromEntries(
      Object.entries(target.predictions).map(([signal, prediction]) => [
        signalOf(signal, `${place}.predictions`),
        predictionOf(prediction),
      ]),
    ),
  };
}

function bindingOf(signal: RawConfig['signals'][string]): SignalBinding {
  if ('units' in signal) {
    const { denominator, companion, ...rest } = signal;
    if (denominator !== undefined) return { kind: 'moments', ...rest, denominator };
    return { kind: 'moments', ...rest, ...(companion === undefined ? {} : { companion }) };
  }
  if ('histogram' in signal) return { kind: 'histogram', ...signal };
  if ('gauge' in signal) return { kind: 'gauge', ...signal };
  if (!('per' in signal)) return { kind: 'counter', ...signal };
  const { per, ...rest } = signal;
  return typeof per === 'string' ? { kind: 'rate', ...rest, per } : { kind: 'count', ...rest, per };
}

function guardrailOf(
  raw: RawConfig['surfaces'][string]['guardrails'][number],
  signals: Readonly<Record<string, SignalBinding>>,
  place: string,
  fail: (place: string, problem: string) => never,
): Guardrail {
  const binding = signals[raw.signal];
  if (binding === undefined) return fail(place, `"${raw.signal}" is not one of the signals`);
  const shape = shapeOf(binding);
  const measure = measureOf(shape, raw.quantile);
  const line = (slot: 'hold' | 'rollback') => {
    const text = raw[slot];
    if (text === undefined) return null;
    const parsed = parseLine(text, measure);
    return (
      parsed ??
      fail(
        `${place}.${slot}`,
        `"${text}" is no line for a ${shape} (try "+0.5 points", "+20 percent", "above 300 ms")`,
      )
    );
  };
  const hold = line('hold');
  const rollback = line('rollback');
  if (hold === null && rollback === null && raw.severity !== 'advisory')
    fail(place, 'has neither a hold nor a rollback line');
  if (hold !== null && rollback !== null && hold.worse !== rollback.worse)
    fail(place, 'holds and rolls back in opposite directions');
  if (hold !== null && rollback !== null && isNearer(rollback.line, hold.line, hold.worse))
    fail(place, 'rolls back before it holds: its rollback line is the nearer one');
  const usual =
    isSignalKind(raw.signal) && SIGNAL_KINDS[raw.signal].worse === 'decrease' ? 'decrease' : 'increase';
  return {
    signal: raw.signal,
    measure,
    worse: hold?.worse ?? rollback?.worse ?? usual,
    hold: hold?.line ?? null,
    rollback: rollback?.line ?? null,
    severity: raw.severity,
  };
}

/** Whether a line is reached before another of the same comparison. */
function isNearer(line: Line, other: Line, worse: Guardrail['worse']): boolean {
  const first = stricterLine(line, other, worse);
  return (
    line.compare === other.compare &&
    canonicalJson(first) === canonicalJson(line) &&
    canonicalJson(line) !== canonicalJson(other)
  );
}
