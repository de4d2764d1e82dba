import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { allCells } from './cells.ts';
import { COMPETITORS } from './methods.ts';
import { type Result, resultsOf } from './results.ts';

/**
 * The gate against its peers' rules on simulated worlds: `npm run bench:gate`.
 * `--only` takes a method ("sluice") or a piece of a cell's name; only a whole run writes the pages.
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

const cells = allCells(COMPETITORS);
const begun = performance.now();
const results = await resultsOf(
  cells,
  { rollouts: Number(options.rollouts), seed: Number(options.seed), threads: Number(options.threads) },
  (share) => process.stderr.write(`\r${(share * 100).toFixed(0)} % `),
);
process.stderr.write(`\r${((performance.now() - begun) / 1_000).toFixed(0)} s\n`);
for (const { cell, method, summary } of results) {
  const pc = (x: number) => ((100 * x) / summary.rollouts).toFixed(2);
  console.log(
    `${cell.id.padEnd(60)} ${method.padEnd(8)} ${pc(summary.rolledBack)} / ${pc(summary.person)} / ${pc(summary.complete)}; ` +
      `${(summary.firstActionMs?.median ?? 0) / 60_000} m, p90 ${(summary.firstActionMs?.p90 ?? 0) / 60_000} m; bad ${summary.meanBadRequests.toFixed(1)}; blind ${summary.blindPromotions}`,
  );
}
