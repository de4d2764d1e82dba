import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { ConfigInvalid, dependenciesOf, loadConfig, parseConfig } from '../src/config.ts';
import { shapeOf } from '../src/core/plan/signal-binding.ts';

/** The example of DESIGN §4. */
const EXAMPLE = `
telemetry:
  app: { kind: scrape, every: 15s, endpoints: ["http://127.0.0.1:9464/metrics"] }
signals:
  http.error_rate:  { source: app, counter: http_requests_total, bad: { status: "5.." } }
  http.latency_p95: { source: app, histogram: http_request_duration_seconds }
  cache.hit_ratio:  { source: app, counter: cache_requests_total, good: { result: hit } }
surfaces:
  payments:
    guardrails: [{ signal: http.error_rate, hold: "+0.5 points", rollback: "+2 points", severity: critical }]
targets:
  checkout:
    surface: payments
    exposure: { backend: embedded, flag: new-checkout, unit: userId }
    cohorts: { label: variant, canary: "on", control: control, stable: "off" }
`;

interface Document {
  telemetry: Record<string, Record<string, unknown>>;
  signals: Record<string, Record<string, unknown>>;
  surfaces: Record<string, { guardrails: Record<string, unknown>[] }>;
  targets: Record<string, Record<string, unknown> & { exposure: Record<string, unknown> }>;
}

/** The example with one thing changed. */
function changed(change: (document: Document) => void): string {
  const document = parse(EXAMPLE) as Document;
  change(document);
  return stringify(document);
}

const read = (text: string) => parseConfig(text, 'sluice.yaml');

test('the example of the design is read, and its defaults are filled in', () => {
  expect(read(EXAMPLE)).toEqual({
    model: { mode: 'off', id: 'claude-sonnet-5-5' },
    tickMs: 15_000,
    sources: { app: { everyMs: 15_000, endpoints: ['http://127.0.0.1:9464/metrics'] } },
    signals: {
      'http.error_rate': expect.objectContaining({ kind: 'counter', match: {}, bad: { status: '5..' } }),
      'http.latency_p95': expect.objectContaining({ kind: 'histogram', match: {} }),
      'cache.hit_ratio': expect.objectContaining({ kind: 'counter', good: { result: 'hit' } }),
    },
    surfaces: {
      payments: {
        guardrails: [
          {
            signal: 'http.error_rate',
            measure: { kind: 'share' },
            worse: 'increase',
            hold: { compare: 'difference', by: 0.005 },
            rollback: { compare: 'difference', by: 0.02 },
            severity: 'critical',
          },
        ],
      },
    },
    targets: {
      checkout: {
        surface: 'payments',
        flag: 'new-checkout',
        unit: 'userId',
        calls: [],
        cohorts: { label: 'variant', canary: ['on'], stable: ['off', 'control'] },
        instruction: null,
        policy: { allowWiden: false, adaptive: false, evidence: 'standard', predictions: {} },
      },
    },
  });
});

test('looks are as far apart as the quickest source is read', () => {
  const text = changed(({ telemetry }) => {
    telemetry['slow'] = { kind: 'scrape', every: '1m', endpoints: ['http://slow/metrics'] };
    telemetry['usual'] = { kind: 'scrape', endpoints: ['http://usual/metrics'] };
  });
  expect(read(text).tickMs).toBe(15_000);
});

test('what a signal is made of follows from what it is read from', () => {
  const text = changed(({ signals }) => {
    signals['queue.depth'] = { source: 'app', gauge: 'jobs' };
  });
  const shapes = Object.entries(read(text).signals).map(([name, binding]) => [name, shapeOf(binding)]);
  expect(Object.fromEntries(shapes)).toEqual({
    'http.error_rate': 'share',
    'http.latency_p95': 'quantile',
    'cache.hit_ratio': 'share',
    'queue.depth': 'level',
  });
});

describe('the page on telemetry', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/telemetry.md'), 'utf8');
  const rows = [...page.matchAll(/^\| [^|]+ \| `([^`]+\{ source[^`]+)` \| `(\w+)` \|$/gm)].map(
    ([, example = '', shape = '']) => ({ example, shape }),
  );
  const bindings = rows.map(({ example, shape }) => {
    const text = changed((document) => {
      document.signals = parse(example);
      document.surfaces = {};
      delete document.targets['checkout']?.['surface'];
    });
    return { binding: Object.values(read(text).signals)[0], shape };
  });

  test('has an example of every kind of binding, which is read and yields what the page says', () => {
    const kinds = new Set(bindings.map(({ binding }) => binding?.kind));
    expect(kinds).toEqual(new Set(['counter', 'count', 'histogram', 'moments', 'rate', 'gauge']));
    for (const { binding, shape } of bindings) expect(binding && shapeOf(binding)).toBe(shape);
    expect(new Set(rows.map(({ shape }) => shape))).toEqual(
      new Set(['share', 'count', 'quantile', 'mean', 'cuped', 'ratio', 'level']),
    );
  });

  test('has an example of sides with their parts', () => {
    const [, example = ''] = /```yaml\n([^`]+)```/.exec(page) ?? [];
    const text = changed(({ targets }) => Object.assign(targets['checkout'] ?? {}, parse(example)));
    expect(read(text).targets['checkout']?.cohorts).toEqual({
      label: 'variant',
      canary: ['on'],
      stable: ['off', 'control'],
      segment: 'region',
      cluster: 'pod',
    });
  });
});

test('events per request and rates are told apart by what they are per', () => {
  const bindingOf = (signal: Record<string, unknown>) =>
    read(
      changed(({ signals }) => {
        signals['custom:x'] = { source: 'app', ...signal };
      }),
    ).signals['custom:x'];
  expect(bindingOf({ counter: 'a_total', per: { counter: 'b_total' } })).toEqual({
    kind: 'count',
    source: 'app',
    counter: 'a_total',
    match: {},
    per: { counter: 'b_total', match: {} },
  });
  expect(bindingOf({ counter: 'a_total', match: { q: 'x' }, per: 'minute' })).toEqual({
    kind: 'rate',
    source: 'app',
    counter: 'a_total',
    match: { q: 'x' },
    per: 'minute',
  });
});

test('a guardrail on latency reads p95 unless it names another quantile', () => {
  const guardrail = { signal: 'http.latency_p95', hold: '+20 percent', severity: 'major' };
  const quantileOf = (more: object) => {
    const text = changed(({ surfaces }) => {
      surfaces['payments'] = { guardrails: [{ ...guardrail, ...more }] };
    });
    return read(text).surfaces['payments']?.guardrails[0]?.measure;
  };
  expect(quantileOf({})).toEqual({ kind: 'quantile', p: 0.95 });
  expect(quantileOf({ quantile: 0.99 })).toEqual({ kind: 'quantile', p: 0.99 });
});

describe('what cannot be used is refused with the place', () => {
  const guardrail = (more: object) => (document: Document) => {
    document.surfaces['payments'] = {
      guardrails: [{ signal: 'http.error_rate', hold: '+1 point', ...more }],
    };
  };
  const cases: readonly {
    readonly what: string;
    readonly change: (document: Document) => void;
    readonly names: readonly string[];
  }[] = [
    {
      what: 'an unknown key',
      change: ({ targets }) => {
        Object.assign(targets['checkout'] ?? {}, { canary: 'on' });
      },
      names: ['canary', 'targets.checkout'],
    },
    {
      what: 'an unknown section',
      change: (document) => Object.assign(document, { slack: {} }),
      names: ['slack'],
    },
    {
      what: 'a source that is not there',
      change: ({ signals }) => {
        signals['http.error_rate'] = { source: 'prom', counter: 'x', bad: { s: '5..' } };
      },
      names: ['signals.http.error_rate', '"prom"'],
    },
    {
      what: 'a signal that is no kind',
      change: ({ signals }) => {
        signals['http.errors'] = { source: 'app', gauge: 'x' };
      },
      names: ['signals.http.errors', 'custom:'],
    },
    {
      what: 'a counter that says neither good nor bad',
      change: ({ signals }) => {
        signals['http.error_rate'] = { source: 'app', counter: 'x' };
      },
      names: ['signals', 'http.error_rate'],
    },
    ...[
      { counter: 'x', per: 'hour' },
      { counter: 'x', per: { gauge: 'y' } },
      { counter: 'x', bad: { s: '5..' }, per: 'second' },
      { counter: 'x', bad: { s: '5..' }, good: { s: '2..' } },
      { units: 'n', sum: 'y' },
      { units: 'n', sum: 'y', sumOfSquares: 'yy', companion: { sum: 'z', sumOfSquares: 'zz' } },
      { histogram: 'h', gauge: 'g' },
    ].map((signal) => ({
      what: `a signal measured by ${JSON.stringify(signal)}`,
      change: ({ signals }: Document) => {
        signals['custom:x'] = { source: 'app', ...signal };
      },
      names: ['custom:x', 'one of: counter with bad, good or per', 'docs/telemetry.md'],
    })),
    {
      what: 'a second value that is denominator and companion at once',
      change: ({ signals }) => {
        const second = { sum: 'z', sumOfSquares: 'zz', product: 'yz' };
        const first = { source: 'app', units: 'n', sum: 'y', sumOfSquares: 'yy' };
        signals['custom:x'] = { ...first, companion: second, denominator: second };
      },
      names: ['custom:x', 'either a denominator or a companion'],
    },
    {
      what: 'a metric without a name',
      change: ({ signals }) => {
        signals['custom:x'] = { source: 'app', gauge: '' };
      },
      names: ['custom:x', 'gauge'],
    },
    ...(['segment', 'cluster'] as const).map((part) => ({
      what: `a ${part} label that tells the sides apart`,
      change: ({ targets }: Document) => {
        Object.assign(targets['checkout'] ?? {}, { cohorts: { label: 'v', [part]: 'v' } });
      },
      names: ['targets.checkout.cohorts', '"v"'],
    })),
    {
      what: 'looks closer than a second',
      change: ({ telemetry }) => {
        telemetry['app'] = { kind: 'scrape', every: '200ms', endpoints: ['http://x/metrics'] };
      },
      names: ['telemetry.app.every', 'at least a second'],
    },
    {
      what: 'an endpoint that is no address',
      change: ({ telemetry }) => {
        telemetry['app'] = { kind: 'scrape', endpoints: ['metrics'] };
      },
      names: ['telemetry.app.endpoints[0]'],
    },
    {
      what: 'an endpoint listed twice',
      change: ({ telemetry }) => {
        telemetry['app'] = { kind: 'scrape', endpoints: ['http://x/metrics', 'http://x:80/metrics'] };
      },
      names: ['telemetry.app.endpoints', 'twice'],
    },
    {
      what: 'no telemetry',
      change: (document) =>
        Object.assign(document, { telemetry: {}, signals: {}, surfaces: {}, targets: {} }),
      names: ['telemetry', 'no source'],
    },
    {
      what: 'a surface that is not there',
      change: ({ targets }) => {
        Object.assign(targets['checkout'] ?? {}, { surface: 'billing' });
      },
      names: ['targets.checkout.surface', '"billing"'],
    },
    {
      what: 'one flag for two targets',
      change: ({ targets }) => {
        Object.assign(targets, { cart: targets['checkout'] });
      },
      names: ['exposure.flag', '"new-checkout" drives another target'],
    },
    {
      what: 'one label value on both sides',
      change: ({ targets }) => {
        Object.assign(targets['checkout'] ?? {}, {
          cohorts: { label: 'v', canary: 'on', stable: ['on', 'off'] },
        });
      },
      names: ['targets.checkout.cohorts', '"on"'],
    },
    {
      what: 'a guardrail on no signal',
      change: guardrail({ signal: 'db.error_rate' }),
      names: ['surfaces.payments.guardrails[0]', 'db.error_rate'],
    },
    {
      what: 'a line that is none for its signal',
      change: guardrail({ hold: 'above 300 ms' }),
      names: ['surfaces.payments.guardrails[0].hold', 'above 300 ms', '+0.5 points'],
    },
    {
      what: 'a guardrail without a line',
      change: guardrail({ hold: undefined }),
      names: ['surfaces.payments.guardrails[0]', 'neither'],
    },
    {
      what: 'lines in opposite directions',
      change: guardrail({ rollback: '-1 point' }),
      names: ['surfaces.payments.guardrails[0]', 'opposite'],
    },
  ];
  test.for(cases)('$what', ({ change, names }) => {
    const text = changed(change);
    expect(() => read(text)).toThrow(ConfigInvalid);
    for (const name of names) expect(() => read(text)).toThrow(name);
  });

  test.for(['a: [', '- 1', '', 'telemetry'])('text that is no configuration: %j', (text) => {
    expect(() => read(text)).toThrow(ConfigInvalid);
    expect(() => read(text)).toThrow('sluice.yaml');
  });
});

test('a file is read, and a missing one is named with what to do', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
  try {
    writeFileSync(join(folder, 'sluice.yaml'), EXAMPLE);
    expect(loadConfig(join(folder, 'sluice.yaml'))).toEqual(read(EXAMPLE));
    expect(() => loadConfig(join(folder, 'none.yaml'))).toThrow(
      /none\.yaml cannot be read\. Name another with --config/,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('says what each target calls, and by which it is called', async () => {
  const text = changed(({ targets }) => {
    Object.assign(targets['checkout'] ?? {}, { calls: ['payments', 'stock'] });
  });
  const dependencies = dependenciesOf(read(text));
  expect(await dependencies?.('checkout')).toEqual({ upstream: ['payments', 'stock'], downstream: [] });
  expect(await dependencies?.('stock')).toEqual({ upstream: [], downstream: ['checkout'] });
  expect(dependenciesOf(read(changed(() => {})))).toBeNull();
});
