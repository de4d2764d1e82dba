import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { allCells } from './cells.ts';
import { COMPETITORS } from './methods.ts';
import { writePages } from './page.ts';
import { resultsOf } from './results.ts';
import { tablesOf } from './tables.ts';

/**
 * The gate against its peers' rules on simulated worlds: `npm run bench:gate`.
 * `--only` takes a method ("sluice") or a piece of a cell's name ("Speed and truth · 2,000") and may be repeated. A whole run
 * writes docs/benchmarks.md and docs/benchmarks-gate.svg; any other prints its tables. `--json` prints the summaries instead.
 */
const { values: options } = parseArgs({
  options: {
    rollouts: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const { only } = options;
const rollouts = wholeNumber(options.rollouts);
const seed = wholeNumber(options.seed);
const threads = wholeNumber(options.threads);

const cells = allCells(COMPETITORS).flatMap((cell) => {
  const isNamed = only.length === 0 || only.some((piece) => cell.id.includes(piece));
  const methods = isNamed ? cell.methods : cell.methods.filter((method) => only.includes(method));
  return methods.length === 0 ? [] : [{ ...cell, methods }];
});
if (cells.length === 0) throw new Error(`--only ${only.join(', ')} names no cell and no method`);

const begun = performance.now();
let told = -1;
const results = await resultsOf(cells, { rollouts, seed, threads }, (share) => {
  const percent = Math.floor(share * 100);
  if (percent > told) process.stderr.write(`\r${percent} %`);
  told = percent;
});
process.stderr.write(`\r${((performance.now() - begun) / 1_000).toFixed(0)} s on ${threads} threads\n`);

const command = `npm run bench:gate -- --rollouts ${rollouts} --seed ${seed}`;
if (options.json) {
  const lines = results.map(({ cell, method, summary }) => ({ cell: cell.id, method, ...summary }));
  console.log(JSON.stringify({ rollouts, seed, results: lines }, null, 1));
} else if (only.length > 0) console.log(tablesOf(results, command));
else writePages(results, command);

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new RangeError(`${text} is not a whole number`);
  return number;
}
