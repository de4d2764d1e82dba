import { LATENCY, MAIN } from './cells.ts';
import { upperBound } from './confidence.ts';
import { methodName } from './methods.ts';
import type { Summary } from './outcome.ts';
import type { Result } from './results.ts';

const MINUTE_MS = 60_000;

/** The tables of the page, as Markdown, in the order in which the cells name them. `command` names rollouts and seed. */
export function tablesOf(results: readonly Result[], command: string): string {
  const tables = [...new Set(results.map(({ cell }) => cell.table))];
  return tables
    .map((table) => {
      const rows = results.filter(({ cell }) => cell.table === table);
      const isCompared = table === MAIN || table === LATENCY;
      return isCompared ? comparedTables(table, rows, command) : ownTable(table, rows, command);
    })
    .join('\n\n');
}

/** One table a traffic level: methods down, effects across. */
function comparedTables(table: string, results: readonly Result[], command: string): string {
  return distinct(results, ({ cell }) => cell.row)
    .map((row) => {
      const here = results.filter(({ cell }) => cell.row === row);
      const columns = distinct(here, ({ cell }) => cell.column);
      const lines = distinct(here, ({ method }) => method).map((method) => {
        const cells = columns.map((column) => {
          const found = here.find((result) => result.method === method && result.cell.column === column);
          return found === undefined ? '–' : cellText(found.summary, table === MAIN);
        });
        const name = method === 'sluice' ? '**Sluice**' : methodName(method);
        return `| ${[name, ...cells].join(' | ')} |`;
      });
      return `### ${table}: ${row}\n\n${noteOn(here, `${command} --only "${table} · ${row}"`)}\n\n${header(['method', ...columns])}\n${lines.join('\n')}\n\n${sluiceDetail(here)}`;
    })
    .join('\n\n');
}

/** What only Sluice's own run tells: the slow tenth, and promotions without clear evidence. */
function sluiceDetail(results: readonly Result[]): string {
  const own = results.filter(({ method }) => method === 'sluice');
  const slow = own.flatMap(({ cell, summary }) =>
    summary.firstActionMs === null ? [] : [`${cell.column} ${minutes(summary.firstActionMs.p90)}`],
  );
  const blind = own.reduce((sum, { summary }) => sum + summary.blindPromotions, 0);
  const rollouts = own.reduce((sum, { summary }) => sum + summary.rollouts, 0);
  return `Sluice’s first action, 90th percentile: ${slow.join(', ')}. Promotions without clear evidence: ${blind} in ${rollouts.toLocaleString('en-GB')} rollouts.`;
}

/** Settings down, effects across, Sluice alone. */
function ownTable(table: string, results: readonly Result[], command: string): string {
  const columns = distinct(results, ({ cell }) => cell.column);
  const isLong = results.some(({ cell }) => cell.settings.horizonMs > LONG_MS);
  const lines = distinct(results, ({ cell }) => cell.row).map((row) => {
    const cells = columns.map((column) => {
      const found = results.find(({ cell }) => cell.row === row && cell.column === column);
      if (found === undefined) return '–';
      const ended = isLong ? `; over after ${minutes(found.summary.endedMedianMs)}` : '';
      const blind = found.summary.blindPromotions > 0 ? `; ${found.summary.blindPromotions} blind` : '';
      return cellText(found.summary, true) + ended + blind;
    });
    return `| ${[row, ...cells].join(' | ')} |`;
  });
  return `### ${table}\n\n${noteOn(results, `${command} --only "${table}"`)}\n\n${header(['setting', ...columns])}\n${lines.join('\n')}`;
}

const LONG_MS = 110 * MINUTE_MS;

/** How many rollouts stand behind a cell, what a count of none then rules out, and how to get the table again. */
function noteOn(results: readonly Result[], command: string): string {
  const rollouts = Math.max(...results.map(({ summary }) => summary.rollouts));
  const bound = upperBound(0, rollouts) * 100;
  return `${rollouts.toLocaleString('en-GB')} rollouts a cell; 0 of them bounds the true share below ${bound.toFixed(2)} % (95 %). \`${command}\``;
}

function header(columns: readonly string[]): string {
  return `| ${columns.join(' | ')} |\n|${'---|'.repeat(columns.length)}`;
}

/**
 * "rolled back / person / complete %; median first action; mean bad requests"; an unfinished share is said when there is one. Slow
 * requests do not fail, so latency has no last number.
 */
function cellText(summary: Summary, fails: boolean): string {
  const share = (count: number) => percentText((100 * count) / summary.rollouts);
  const ends = [summary.rolledBack, summary.person, summary.complete].map(share).join(' / ');
  const left = summary.unfinished > 0 ? ` (${share(summary.unfinished)} unfinished)` : '';
  const first = summary.firstActionMs === null ? '–' : minutes(summary.firstActionMs.median);
  return `${ends}${left}; ${first}${fails ? `; ${amountText(summary.meanBadRequests)}` : ''}`;
}

/** No rounding to a clean 0 or 100 of what is not. */
export function percentText(percent: number): string {
  if (percent === 0 || percent === 100) return String(percent);
  if (percent < 1 || percent > 99) return String(Number(percent.toFixed(2)));
  return String(Number(percent.toFixed(1)));
}

function amountText(amount: number): string {
  if (amount === 0) return '0';
  return amount < 100 ? String(Number(amount.toPrecision(2))) : Math.round(amount).toLocaleString('en-GB');
}

function minutes(ms: number): string {
  const inMinutes = ms / MINUTE_MS;
  if (inMinutes >= 48 * 60) return `${(inMinutes / (24 * 60)).toFixed(1)} d`;
  return inMinutes >= 180 ? `${(inMinutes / 60).toFixed(1)} h` : `${Number(inMinutes.toFixed(2))} m`;
}

function distinct<T>(results: readonly Result[], of: (result: Result) => T): readonly T[] {
  return [...new Set(results.map(of))];
}
