import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { styleText } from 'node:util';
import * as z from 'zod';
import { lineLog } from '../adapters/terminal/log.ts';
import type { Context } from '../commands/context.ts';
import { CommandEnd, EXIT } from '../commands/exit-codes.ts';
import { type LiveView, liveView } from '../commands/live-view.ts';
import { type Config, loadConfig } from '../config.ts';
import type { Evidence } from '../core/gate/evidence.ts';
import type { RolloutView } from '../core/rollout/view.ts';
import { newToken, openSluice, type Sluice } from '../main.ts';
import { planText, preflightText } from '../render/plan-text.ts';
import { rolloutBlock } from '../render/terminal.ts';
import { applyDiff } from './apply-diff.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { type DemoChild, type RunningShop, startShop, startTraffic } from './shop-children.ts';
import { answerFor } from './viewer.ts';

const SHOP = join(
  import.meta.dirname,
  import.meta.filename.endsWith('.ts') ? '../..' : '../../..',
  'fixtures/shop',
);

const pullsSchema = z.array(
  z.object({ id: z.string(), title: z.string(), flag: z.string(), diff: z.string() }),
);
type Pull = z.infer<typeof pullsSchema>[number];

/** The demo's looks are a second apart, so everything that waits is shortened likewise. */
const TIMING = { leaseMs: 5_000, pollMs: 100, readTimeoutMs: 900, quietMs: 2_000 } as const;
const USERS = 2_000;
/** Customers arrive before the first reading, so that connections and caches are warm. */
const WARM_UP_MS = 1_500;
/** The longest one rollout may take before the demo gives up on it. */
const LONGEST_MS = 180_000;

/** A finished rollout of the demo. */
interface Finished {
  readonly pull: Pull;
  readonly outcome: Outcome;
  readonly view: RolloutView;
  /** The exported log. */
  readonly file: string;
}

interface Stage {
  readonly context: Context;
  readonly sluice: Sluice;
  readonly sluiceUrl: string;
  readonly shopPort: number;
  readonly runDir: string;
  readonly rate: number;
  readonly live: LiveView;
  readonly stop: AbortSignal;
}

/** Three pull requests of a small shop, each rolled out for real on this machine's loopback. */
export async function demoCommand(
  context: Context,
  options: { readonly rate: number },
  stop: AbortSignal,
): Promise<number> {
  const runDir = resolve(context.dataDir, 'demo');
  rmSync(runDir, { recursive: true, force: true });
  mkdirSync(runDir, { recursive: true });
  const live = liveView(context);
  const shopPort = await freePort();
  const sluice = await openSluice({
    dataDir: runDir,
    config: demoConfig(shopPort),
    chat: {
      tell: async ({ headline, urgency }) =>
        live.print(`${timeText()}  ${urgency === 'info' ? headline : styleText('yellow', headline)}`),
    },
    log: lineLog((line) => writeFileSync(join(runDir, 'sluice.log'), `${line}\n`, { flag: 'a' })),
    timing: TIMING,
  });
  const ending = new AbortController();
  const server = await sluice.serve(0, newToken());
  const running = sluice.run(ending.signal);
  try {
    introduce(context, options.rate);
    const stage = {
      context,
      sluice,
      sluiceUrl: server.url,
      shopPort,
      runDir,
      rate: options.rate,
      live,
      stop,
    };
    const records: Finished[] = [];
    for (const pull of readPulls()) records.push(await rollOut(pull, stage));
    conclude(context, records);
    return EXIT.done;
  } catch (error) {
    if (!stop.aborted) throw error;
    context.say('stopped: the shop and its customers are gone, nothing keeps running');
    return EXIT.interrupted;
  } finally {
    ending.abort();
    await running;
    await server.close();
    await sluice.close();
  }
}

function introduce(context: Context, rate: number): void {
  context.say(
    [
      `${styleText('bold', 'Sluice demo')}: a small shop, three pull requests, real traffic on loopback.`,
      `${USERS} customers, ${rate} requests/s; looks are 1 s apart instead of 15 s, stages last seconds instead of minutes.`,
      'The agent reads each diff and proposes checks; arithmetic decides.',
    ].join('\n'),
  );
}

async function rollOut(pull: Pull, stage: Stage): Promise<Finished> {
  const { context, sluice, live } = stage;
  const diff = readFileSync(join(SHOP, pull.diff), 'utf8');
  const source = join(stage.runDir, `shop-${pull.id}`);
  cpSync(join(SHOP, 'base'), source, { recursive: true });
  await applyDiff(diff, source);
  live.draw([]);
  context.say(`\n${styleText('bold', pull.title)}  (${pull.flag}, deployed dark behind its flag)`);
  const shop = await startShop({
    source,
    sluiceUrl: stage.sluiceUrl,
    port: stage.shopPort,
  });
  let traffic: DemoChild | null = null;
  try {
    traffic = startTraffic({
      shopUrl: shop.url,
      perSecond: stage.rate,
      users: USERS,
      seed: 7,
      onReport: () => {},
    });
    await pause(WARM_UP_MS, stage.stop);
    const outcome = await sluice.control.start(
      {
        target: pull.id,
        title: pull.title,
        diff,
        instruction: null,
        by: 'demo',
        confirmed: false,
        rolloutId: pull.id,
      },
      (progress) => context.say(`  ${progress} …`),
    );
    if (outcome.planned !== null) for (const line of planText(outcome.planned).slice(1)) context.say(line);
    if (outcome.kind !== 'started') {
      const why = outcome.kind === 'refused' ? outcome.why : 'its plan has open questions';
      throw new CommandEnd(EXIT.refused, `${pull.title}: not started: ${why}`);
    }
    for (const line of preflightText(outcome.preflight)) context.say(line);
    const view = await follow(pull.id, stage, shop);
    live.draw([]);
    for (const line of rolloutBlock(view, Date.now())) context.say(line);
    return await keepRecord(pull, view, stage);
  } finally {
    await traffic?.stop();
    await shop.stop();
  }
}

/** Watches to the end; where a person is wanted, the viewer is asked. */
async function follow(id: string, stage: Stage, shop: RunningShop): Promise<RolloutView> {
  const { sluice, live, stop } = stage;
  const deadline = Date.now() + LONGEST_MS;
  let isAnswered = false;
  for (;;) {
    stop.throwIfAborted();
    if (shop.process.exitCode !== null) throw new CommandEnd(EXIT.error, 'the shop ended by itself');
    const view = await sluice.control.get(id);
    if (view === null) throw new CommandEnd(EXIT.error, `rollout ${id} is gone`);
    if (live.isRedrawing) live.draw(rolloutBlock(view, Date.now()));
    if (view.phase === 'completed' || view.phase === 'rolled_back') return view;
    const wantsPerson = view.phase === 'running' && view.explanation?.urgency === 'needs_person';
    if (wantsPerson && !isAnswered) isAnswered = await answerFor(view, stage);
    if (Date.now() > deadline)
      throw new CommandEnd(EXIT.error, `${id} did not end within ${LONGEST_MS / 1000} s`);
    await pause(250, stop);
  }
}

async function keepRecord(pull: Pull, view: RolloutView, stage: Stage): Promise<Finished> {
  const { store } = stage.sluice.engine;
  const file = join(stage.runDir, `${pull.id}.jsonl`);
  writeFileSync(file, (await stage.sluice.control.log(pull.id)) ?? '');
  const entries = await store.readLog(pull.id, 1);
  const plan = (await store.get(pull.id))?.plan;
  if (plan === undefined) throw new CommandEnd(EXIT.error, `rollout ${pull.id} is gone`);
  const evidence = new Map<string, Evidence>();
  for (const { evidence: digest } of entries) {
    const body = digest === null ? null : await store.evidence(digest);
    if (digest !== null && body !== null) evidence.set(digest, JSON.parse(body) as Evidence);
  }
  return { pull, outcome: outcomeOf(plan, entries, (digest) => evidence.get(digest) ?? null), view, file };
}

function conclude(context: Context, records: readonly Finished[]): void {
  context.say('');
  for (const { pull, outcome, view, file } of records) {
    const shown = relative(process.cwd(), file);
    context.out(styleText('bold', pull.title));
    context.out(`  stages reached  ${outcome.stages.join(' → ')}`);
    context.out(`  decision        ${outcome.decision?.kind ?? 'none'}: ${headlineOf(outcome, view)}`);
    context.out(`  users           ${harmText(outcome)}`);
    context.out(`  replay it       npm run -s sluice -- replay ${shown}`);
  }
}

/** The reason a person rolled back is what they were shown, so that is named too. */
function headlineOf(outcome: Outcome, view: RolloutView): string {
  const said = view.explanation?.headline ?? '';
  return outcome.heldFor === null ? said : `${said}, who was shown: ${outcome.heldFor}`;
}

function harmText(outcome: Outcome): string {
  if (outcome.harmToZeroMs === null) return 'no harm over a line was seen';
  return `${(outcome.harmToZeroMs / 1000).toFixed(1)} s from first harm to exposure 0; ${outcome.extraFailures} extra failed requests, ${outcome.extraFailuresAtFull} had everyone been exposed`;
}

function demoConfig(shopPort: number): Config {
  const config = loadConfig(join(SHOP, 'sluice.yaml'));
  const endpoints = [`http://127.0.0.1:${shopPort}/metrics`];
  return { ...config, sources: { shop: { everyMs: config.tickMs, endpoints } } };
}

function readPulls(): readonly Pull[] {
  return pullsSchema.parse(JSON.parse(readFileSync(join(SHOP, 'pulls.json'), 'utf8')));
}

function timeText(): string {
  return styleText('gray', new Date().toISOString().slice(11, 19));
}

async function pause(ms: number, stop: AbortSignal): Promise<void> {
  stop.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      stop.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    const onAbort = () => {
      clearTimeout(timer);
      reject(stop.reason as Error);
    };
    stop.addEventListener('abort', onAbort, { once: true });
  });
}

/** A port that was free a moment ago: the shop's address must be known before the shop runs. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
