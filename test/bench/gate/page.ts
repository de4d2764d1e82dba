import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pictureOf } from './picture.ts';
import type { Result } from './results.ts';
import { tablesOf } from './tables.ts';

const PAGE = fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url));
const PICTURE = fileURLToPath(new URL('../../../docs/benchmarks-gate.svg', import.meta.url));
const BEGIN = '<!-- bench:gate begins: written by `npm run bench:gate` -->';
const END = '<!-- bench:gate ends -->';

const HOW_TO_READ = `![False rollbacks, time to the first action and missed regressions by method and traffic](benchmarks-gate.svg)

Every method is set on the same simulated worlds: 0.5 % of stable's requests fail, both sides swing together (log-AR(1), sd 0.25, 0.8 kept a minute) and each has noise of its own (coefficient of variation 0.25 for the canary, 0.125 for stable), traffic goes ±30 % over the day. The instruction is “1% → 5% → 25% → 100%, fifteen minutes per stage; hold if the error rate exceeds stable's by more than 0.5 points, roll back if by more than 2”. One look a minute. A stage that a competitor does not clear is extended once, then a person is asked; Sluice extends and asks by its own rules. The person rolls back after 15 minutes, as they do when an alarm lasts that long. A competitor is complete when it steps to 100 %, Sluice when its watch there is over; the world ends after 110 minutes, and what is not over by then is unfinished. Effects are points added to the canary's error rate; “incident” is both sides failing six times as often for 8 minutes, “drift” +0.1 points a minute from minute 12, “late +3” begins at minute 38.

A cell reads **rolled back / handed to a person / complete (%); median minute of the first action (alarm, question or rollback) among those that had one; mean failed requests the change caused**, counted until it is resolved, or until minute 110 when it was promoted. +0.3 is inside the user's hold line: promoting it is right. The competitors are written for this benchmark from their published rules (\`test/bench/gate/\`, each with its source); Pocock and the confidence sequence are given Sluice's lines, margins and error rates, so that they differ in statistics alone. The oracle knows the effect, the stable rate and all noise: it is a bound, not a product.`;

/** Writes the gate's section of the page, between its markers, and the picture. Throws when the page has lost its markers. */
export function writePages(results: readonly Result[], command: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin)
    throw new Error('docs/benchmarks.md has lost the markers of its gate section');
  const section = `${HOW_TO_READ}\n\nAll of it again: \`${command}\`.\n\n${tablesOf(results, command)}\n`;
  writeFileSync(PAGE, `${page.slice(0, begin + BEGIN.length)}\n${section}\n${page.slice(end)}`);
  writeFileSync(PICTURE, pictureOf(results));
}
