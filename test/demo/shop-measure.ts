import { fork } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startShop, startTraffic } from '../../src/demo/shop-children.ts';
import { copyOfShop, readPulls } from './shop-pulls.ts';

// What each of the shop's changes does at 10, 25 and 50 % exposure, measured with real processes:
//   node test/demo/shop-measure.ts [--seconds 10] [--busy] [--only price-cache] [--exposures 10,25]
// `--busy` keeps one core busy beside it. Prints one row per change and exposure; a row takes `seconds` + 2.

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    exposures: { type: 'string', default: '10,25,50' },
    only: { type: 'string' },
    busy: { type: 'boolean', default: false },
    rate: { type: 'string', default: '400' },
    users: { type: 'string', default: '2000' },
  },
});
const WARM_UP_MS = 2_000;

interface Row {
  readonly change: string;
  readonly exposure: number;
  readonly seconds: number;
}

type Series = ReadonlyMap<string, number>;

async function scrape(url: string): Promise<Series> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

/** Growth of every series whose name and labels all match. */
function grown(before: Series, after: Series, ...parts: readonly string[]): number {
  let sum = 0;
  for (const [key, value] of after) {
    if (parts.every((part) => key.includes(part))) sum += value - (before.get(key) ?? 0);
  }
  return sum;
}

function quantileMs(before: Series, after: Series, variants: readonly string[], q: number): number {
  const buckets = new Map<number, number>();
  for (const key of after.keys()) {
    const le = /le="([^"]+)"/.exec(key)?.[1];
    const variant = /variant="([^"]+)"/.exec(key)?.[1];
    if (le === undefined || variant === undefined || !variants.includes(variant)) continue;
    const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
    buckets.set(bound, (buckets.get(bound) ?? 0) + (after.get(key) ?? 0) - (before.get(key) ?? 0));
  }
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const wanted = (sorted.at(-1)?.[1] ?? 0) * q;
  let [lower, below] = [0, 0];
  for (const [bound, upTo] of sorted) {
    if (upTo >= wanted)
      return (lower + ((bound - lower) * (wanted - below)) / Math.max(1, upTo - below)) * 1000;
    [lower, below] = [bound, upTo];
  }
  return Number.NaN;
}

/** CPU seconds a process has used. Linux only. */
async function cpuSeconds(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function measure({ change, exposure, seconds }: Row): Promise<void> {
  const source = await copyOfShop(change);
  process.env['STUB_FLAG'] = change;
  process.env['STUB_EXPOSURE_PERCENT'] = String(exposure);
  const entry = new URL('shop-stub-process.ts', import.meta.url).pathname;
  const shop = await startShop({ source, sluiceUrl: 'http://127.0.0.1', entry });
  let late = 0;
  const traffic = startTraffic({
    shopUrl: shop.url,
    perSecond: Number(values.rate),
    users: Number(values.users),
    seed: exposure,
    onReport: (report) => {
      late += report.late;
    },
  });
  const used = async () => (await cpuSeconds(shop.process.pid)) + (await cpuSeconds(traffic.process.pid));
  await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
  const [before, cpuBefore, began] = [await scrape(shop.url), await used(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const [after, cpu] = [await scrape(shop.url), (await used()) - cpuBefore];
  const elapsed = (performance.now() - began) / 1000;
  await Promise.all([shop.stop(), traffic.stop()]);
  await rm(source, { recursive: true });
  print({ change, exposure, seconds: elapsed }, before, after, cpu, late);
}

function print(row: Row, before: Series, after: Series, cpu: number, late: number): void {
  const share = (variant: readonly string[]) => {
    const labels = variant.map((name) => `variant="${name}"`);
    const count = (...parts: string[]) =>
      labels.reduce((sum, label) => sum + grown(before, after, 'http_requests_total', label, ...parts), 0);
    return { n: count(), errors: (100 * count('status="5')) / Math.max(1, count()) };
  };
  const stable = ['off', 'control'];
  const [on, off] = [share(['on']), share(stable)];
  const ms = (variants: readonly string[], q: number) => quantileMs(before, after, variants, q);
  const hits = grown(before, after, 'cache_requests_total', 'result="hit"');
  const lookups = grown(before, after, 'cache_requests_total');
  const refused = grown(before, after, 'dependency_requests_total', 'result="error"');
  console.log(
    [
      `${row.change} ${row.exposure}%`.padEnd(26),
      `${((on.n + off.n) / row.seconds).toFixed(0)}/s (on ${((100 * on.n) / (on.n + off.n)).toFixed(1)}%)`,
      `errors ${on.errors.toFixed(2)} vs ${off.errors.toFixed(2)} (${(on.errors - off.errors).toFixed(2)})`,
      `p50 ${ms(['on'], 0.5).toFixed(1)} vs ${ms(stable, 0.5).toFixed(1)}`,
      `p95 ${ms(['on'], 0.95).toFixed(1)} vs ${ms(stable, 0.95).toFixed(1)} (x${(ms(['on'], 0.95) / ms(stable, 0.95)).toFixed(2)})`,
      lookups > 0 ? `hits ${((100 * hits) / lookups).toFixed(1)}%` : `supplier errors ${refused}`,
      `cpu ${((100 * cpu) / row.seconds).toFixed(0)}%`,
      `late ${late}`,
    ].join(' | '),
  );
}

const spin = values.busy ? fork(new URL('shop-busy-process.ts', import.meta.url).pathname) : null;
const changes = readPulls().map((pull) => pull.id);
try {
  for (const change of values.only === undefined ? changes : [values.only]) {
    for (const exposure of values.exposures.split(',')) {
      await measure({ change, exposure: Number(exposure), seconds: Number(values.seconds) });
    }
  }
} finally {
  spin?.kill('SIGKILL');
}
