/**
 * A Sluice to be killed: opens what is in its folder, starts the rollout unless it is there, and carries it on. Prints
 * `open` once it runs and `ended <phase>` when the rollout is over, then waits to be killed or ends with its parent.
 */
import { appendFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { lineLog } from '../../../src/adapters/terminal/log.ts';
import { openSluice } from '../../../src/main.ts';
import type { ChildOrders } from './killed-sluice.ts';
import { TARGET } from './product.ts';

const orders = JSON.parse(process.argv[2] ?? '{}') as ChildOrders;
const say = (line: string) => writeSync(1, `${line}\n`);
const append = (file: string) => (line: string) => appendFileSync(join(orders.dataDir, file), `${line}\n`);

const sluice = await openSluice({
  dataDir: orders.dataDir,
  config: orders.config,
  chat: { tell: async (message) => append('told.jsonl')(JSON.stringify(message)) },
  log: lineLog(append('sluice.log')),
  timing: orders.timing,
});
const stop = new AbortController();
process.once('disconnect', () => process.exit(0));
const running = sluice.run(stop.signal);
say('open');

const { control } = sluice;
if ((await control.get(orders.rolloutId)) === null) {
  const outcome = await control.start(
    {
      target: TARGET,
      title: 'a new checkout',
      diff: '',
      instruction: null,
      by: 'test',
      confirmed: true,
      rolloutId: orders.rolloutId,
    },
    () => {},
  );
  if (outcome.kind !== 'started') say(`not started ${JSON.stringify(outcome)}`);
}
const watch = setInterval(async () => {
  const view = await control.get(orders.rolloutId);
  const isOver = view?.phase === 'completed' || view?.phase === 'rolled_back';
  if (!isOver) return;
  clearInterval(watch);
  stop.abort();
  await running;
  await sluice.close();
  say(`ended ${view.phase}`);
  process.exit(0);
}, 20);
