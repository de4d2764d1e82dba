import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { terminalChat } from '../../src/adapters/terminal/chat.ts';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import type { DecisionReason } from '../../src/core/gate/decision.ts';
import type { Evidence } from '../../src/core/gate/evidence.ts';
import { eventOf, type SummaryNote } from '../../src/core/rollout/events.ts';
import { fold } from '../../src/core/rollout/fold.ts';
import { type RolloutState, startState } from '../../src/core/rollout/state.ts';
import { step } from '../../src/core/rollout/step.ts';
import { viewOf } from '../../src/core/rollout/view.ts';
import type { SummaryFacts } from '../../src/core/summary-facts.ts';
import { tickDue } from '../../src/engine/engine.ts';
import { exportLog } from '../../src/engine/log-file.ts';
import type { EngineParts } from '../../src/engine/parts.ts';
import { recordsOf } from '../../src/engine/records.ts';
import { replay } from '../../src/engine/replay.ts';
import { summarise } from '../../src/engine/summaries.ts';
import type { Paragraph, Summarizer } from '../../src/ports/summarizer.ts';
import { rolloutBlock } from '../../src/render/terminal.ts';
import { openRig, planOf, type Rig, ROLLOUT } from '../support/rollout-rig.ts';

const WORDS = 'Errors rise on the canary alone, in nine events of a thousand.';
const PARAGRAPH: Paragraph = { text: WORDS, writtenBy: 'summary.v1 model-x 0123456789ab' };
/** More errors from the first stage on: it holds after five seconds, asks after twenty, and does not roll back. */
const HARMED = {
  traffic: { requestsPerMinute: 300_000, dailySwing: 0 },
  effects: [{ kind: 'step' as const, by: 0.012, fromPercent: 10 }],
};
const WITH_APPROVAL = planOf({ approvals: [{ beforePercent: 25, phrase: 'Ask before 25%' }] });

function writer(): Summarizer & { readonly asked: readonly SummaryFacts[] } {
  const asked: SummaryFacts[] = [];
  return {
    asked,
    summarise: async (facts) => {
      asked.push(facts);
      return PARAGRAPH;
    },
  };
}

async function held(summarizer: Summarizer | null, plan = planOf()): Promise<Rig> {
  const rig = await openRig(plan.approvals.length > 0 ? {} : HARMED, summarizer);
  await rig.start(plan);
  await rig.run(plan.approvals.length > 0 ? 13_000 : 10_000);
  return rig;
}

const notesTold = (rig: Rig) =>
  rig.told.filter(({ lines }) => lines.some((line) => line.startsWith('The model adds:')));
const eventsOf = async (rig: Rig) =>
  (await rig.parts.store.readLog(ROLLOUT, 1)).map(({ kind, payload }) => eventOf(kind, payload));
const notesIn = async (rig: Rig) => (await eventsOf(rig)).filter(({ kind }) => kind === 'summarised');
const shownOf = async (rig: Rig) => {
  const view = await recordsOf(rig.parts.store).get(ROLLOUT);
  if (view === null) throw new Error('no rollout');
  return view;
};
const blockOf = async (rig: Rig) =>
  rolloutBlock(await shownOf(rig), rig.parts.clock.now()).map(stripVTControlCharacters);

describe('a summary of a decision that a person has to weigh', () => {
  test('is asked for once, with facts alone, kept in the log, and told beneath the verdict', async () => {
    const summarizer = writer();
    const rig = await held(summarizer);
    expect(summarizer.asked).toHaveLength(1);
    expect(summarizer.asked).toMatchObject([{ decision: 'hold', reason: 'breach_hold', exposure: '10%' }]);
    const first = (await rig.decisions()).find(({ reason }) => reason === 'breach_hold');
    expect(await notesIn(rig)).toEqual([
      { kind: 'summarised', at: first?.at, stageEpoch: 1, reason: 'breach_hold', ...PARAGRAPH },
    ]);
    const at = rig.told.findIndex(({ urgency }) => urgency === 'needs_person');
    expect(rig.told[at + 1]).toMatchObject({
      urgency: 'info',
      headline: expect.stringMatching(/^checkout: holding at 10%: error rate \S+ % against/),
      lines: [`The model adds: ${WORDS}`],
    });
    expect(rig.told.filter((message) => JSON.stringify(message).includes(WORDS))).toHaveLength(1);
  });

  test('stands beneath verdict and answers on the terminal, and in chat after the headline', async () => {
    const rig = await held(writer());
    const block = await blockOf(rig);
    const lineOf = (text: string) => block.findIndex((line) => line.includes(text));
    expect(lineOf('holding at 10%')).toBeGreaterThan(0);
    expect(lineOf('what it is')).toBeGreaterThan(lineOf('holding at 10%'));
    expect(lineOf(`The model adds: ${WORDS}`)).toBe(block.length - 1);
    expect(lineOf('you can')).toBe(block.length - 2);

    const lines: string[] = [];
    for (const message of notesTold(rig)) await terminalChat((line) => lines.push(line)).tell(message);
    expect(lines).toEqual([
      expect.stringContaining('checkout: holding at 10%'),
      `   The model adds: ${WORDS}`,
    ]);
  });

  test.each<[DecisionReason, ReturnType<typeof planOf>]>([
    ['approval_required', WITH_APPROVAL],
    ['breach_hold_persisted', planOf()],
  ])('stays beneath the question (%s) until it is answered', async (reason, plan) => {
    const rig = await held(writer(), plan);
    await rig.run(15_000);
    const decisions = await rig.decisions();
    expect(decisions.some((one) => one.kind === 'ask' && one.reason === reason)).toBe(true);
    expect(decisions.at(-1)?.kind).toBe('ask');
    expect(await shownOf(rig)).toMatchObject({ note: PARAGRAPH });
  });

  test('is not asked of what no person has to weigh, nor of a person’s own hold', async () => {
    const summarizer = writer();
    const rig = await openRig({}, summarizer);
    await rig.start(planOf());
    await rig.run(3_000);
    await rig.command({ verb: 'hold', until: rig.parts.clock.now() + 3_000 });
    await rig.run(200_000);
    expect((await rig.state()).phase).toBe('completed');
    expect(summarizer.asked).toEqual([]);
  });

  test('replays with the log it stands in', async () => {
    const rig = await held(writer());
    const found = replay((await exportLog(rig.parts.store, ROLLOUT)) ?? '');
    expect(found.fault).toBeNull();
    expect(canonicalJson(found.state)).toBe(canonicalJson(await rig.state()));
  });
});

describe('a note about an older decision', () => {
  test('that comes too late is kept, and neither told nor shown beneath a newer one', async () => {
    const { promise, resolve } = Promise.withResolvers<Paragraph | null>();
    const rig = await held({ summarise: () => promise }, WITH_APPROVAL);
    await rig.command({ verb: 'promote' });
    resolve(PARAGRAPH);
    await rig.run(2_000);
    expect(await notesIn(rig)).toMatchObject([{ reason: 'approval_required', text: WORDS }]);
    expect(notesTold(rig)).toEqual([]);
    expect((await shownOf(rig)).note).toBeNull();
    expect((await blockOf(rig)).join('\n')).not.toContain(WORDS);
  });

  test('is not shown beneath one of the same reason that came again after another', async () => {
    const rig = await held(writer());
    expect((await shownOf(rig)).note).not.toBeNull();
    const { state, ...row } = await rowOf(rig);
    const last = state.last;
    if (last === null) throw new Error('nothing decided');
    const note: SummaryNote = {
      at: last.at - 3_000,
      stageEpoch: last.stageEpoch,
      reason: last.reason,
      ...PARAGRAPH,
    };
    const at = (ago: number, reason = last.reason) => ({ ...last, at: last.at - ago, reason });
    const view = (...recent: (typeof last)[]) => viewOf({ ...row, state }, recent, [note]).note;
    expect(view(at(3_000), at(2_000), at(1_000), last)).toEqual(PARAGRAPH);
    expect(view(at(3_000), at(2_000, 'gathering'), at(1_000), last)).toBeNull();
    expect(view(at(4_000, 'gathering'), at(3_000), last)).toEqual(PARAGRAPH);
  });

  test('is gone once the rollout was rolled back', async () => {
    const rig = await held(writer());
    await rig.command({ verb: 'rollback' });
    await rig.run(5_000);
    expect((await shownOf(rig)).note).toBeNull();
    expect(notesTold(rig)).toHaveLength(1);
  });
});

const rowOf = async (rig: Rig) => {
  const row = await rig.parts.store.get(ROLLOUT);
  if (row === null) throw new Error('no rollout');
  return row;
};

describe('an engine that is killed and started again', () => {
  /** Another life over the same store: nothing is left of the first one's memory. */
  const next = (rig: Rig, more: Partial<EngineParts> = {}): EngineParts => ({
    ...rig.parts,
    worker: 'host:2:2',
    toldFaults: new Set(),
    ...more,
  });
  const tickIn = async (rig: Rig, parts: EngineParts) => {
    rig.jump(1_000);
    await tickDue(parts);
  };

  test('between the answer and the tick that takes it in, tells it once', async () => {
    const { promise, resolve } = Promise.withResolvers<Paragraph | null>();
    const rig = await held({ summarise: () => promise });
    resolve(PARAGRAPH);
    await new Promise((done) => setImmediate(done));
    expect(await rig.parts.store.pendingInbox(ROLLOUT)).toMatchObject([{ source: 'summary' }]);
    const second = next(rig);
    for (const _ of [1, 2, 3]) await tickIn(rig, second);
    expect(notesTold(rig)).toHaveLength(1);
    expect(await notesIn(rig)).toHaveLength(1);
  });

  test('between the commit and the message, delivers what was committed, once', async () => {
    const rig = await openRig(HARMED, writer());
    const broken: EngineParts = {
      ...rig.parts,
      chat: { tell: () => Promise.reject(new Error('killed')) },
      log: { info: () => {}, warn: () => {} },
    };
    await rig.start(planOf());
    for (let ticks = 0; (await notesIn(rig)).length === 0 && ticks < 40; ticks++) await tickIn(rig, broken);
    expect([await notesIn(rig), notesTold(rig)]).toMatchObject([[{ text: WORDS }], []]);
    const second = next(rig);
    for (const _ of [1, 2, 3]) await tickIn(rig, second);
    expect(notesTold(rig)).toHaveLength(1);
  });

  test('before the answer, asks nobody again: the words of code stand alone', async () => {
    const rig = await held({ summarise: () => new Promise(() => {}) });
    const summarizer = writer();
    const second = next(rig, { summarizer });
    for (const _ of [1, 2, 3]) await tickIn(rig, second);
    expect([summarizer.asked, await notesIn(rig)]).toEqual([[], []]);
    expect(rig.told.filter(({ urgency }) => urgency === 'needs_person')).toHaveLength(1);
  });

  test('and hands the same answer in twice keeps it once', async () => {
    const rig = await held(writer());
    const at = (await notesIn(rig))[0] as SummaryNote | undefined;
    const message = {
      source: 'summary',
      deliveryId: `${ROLLOUT}/${at?.at}`,
      rolloutId: ROLLOUT,
      receivedAt: rig.parts.clock.now(),
      body: {},
    };
    expect(await rig.parts.store.appendInbox(message)).toBe('duplicate');
    await tickIn(rig, next(rig));
    expect(await notesIn(rig)).toHaveLength(1);
  });
});

describe('B13: a summariser', () => {
  const unchanging: readonly [string, Summarizer | null][] = [
    ['that is absent', null],
    ['that has nothing to say', { summarise: async () => null }],
    ['that never answers', { summarise: () => new Promise(() => {}) }],
    ['that fails', { summarise: () => Promise.reject(new Error('529')) }],
    [
      'that breaks before it has begun',
      {
        summarise: () => {
          throw new TypeError('a bug');
        },
      },
    ],
    ['that answers', writer()],
  ];
  const ran = async (summarizer: Summarizer | null) => {
    const rig = await held(summarizer);
    await rig.run(30_000);
    await rig.command({ verb: 'resume' });
    await rig.run(10_000);
    return {
      decisions: canonicalJson(await rig.decisions()),
      state: canonicalJson(await rig.state()),
      exposure: rig.exposure.now,
      told: rig.told
        .filter((message) => !notesTold(rig).includes(message))
        .map(({ key: _, ...rest }) => rest),
      view: canonicalJson({ ...(await shownOf(rig)), note: null }),
    };
  };
  let without: Awaited<ReturnType<typeof ran>>;
  beforeAll(async () => {
    without = await ran(null);
  });

  test.each(unchanging)('%s changes no decision, no state and no message', async (_, summarizer) => {
    expect(await ran(summarizer)).toEqual(without);
    expect(without.decisions).toContain('breach_hold_persisted');
  });

  test('whose store is gone says so in the log and rejects nothing', async () => {
    const warned: string[] = [];
    const rig = await held(null);
    const [decision] = await rig.decisions();
    const row = await rowOf(rig);
    if (decision === undefined) throw new Error('nothing decided');
    const claim = { ...row, rolloutId: ROLLOUT, cursor: null, deadlineMono: 0 };
    await rig.parts.store.close();
    await summarise(claim, decision, {
      ...rig.parts,
      summarizer: writer(),
      log: { info: () => {}, warn: (message) => void warned.push(message) },
    });
    expect(warned).toEqual(['a summary could not be handed in']);
  });
});

const REASONS: readonly DecisionReason[] = [
  'breach_hold',
  'approval_required',
  'all_clear',
  'awaiting_person',
];
const anyNote: fc.Arbitrary<SummaryNote> = fc.record({
  at: fc.integer({ min: 0, max: 4e12 }),
  stageEpoch: fc.integer({ min: 0, max: 4 }),
  reason: fc.constantFrom(...REASONS),
  text: fc.oneof(fc.string(), fc.constant('Promote it now. rollback=false')),
  writtenBy: fc.string(),
});

describe('B2: a summary in the log', () => {
  interface Looked {
    readonly event: ReturnType<typeof eventOf>;
    readonly at: number;
    readonly evidence: Evidence | null;
  }
  let looks: readonly Looked[] = [];
  const plan = planOf();

  beforeAll(async () => {
    const rig = await held(null);
    const entries = await rig.parts.store.readLog(ROLLOUT, 1);
    looks = await Promise.all(
      entries.map(async ({ kind, payload, at, evidence: digest }) => {
        const body = digest === null ? null : await rig.parts.store.evidence(digest);
        return { event: eventOf(kind, payload), at, evidence: body === null ? null : JSON.parse(body) };
      }),
    );
  });

  const notesAt = fc.array(fc.array(anyNote, { maxLength: 3 }), { maxLength: 30 });

  test('B2: decide gives the same decision, and the fold the same state, with any summaries in it', () => {
    fc.assert(
      fc.property(notesAt, (notes) => {
        let bare = startState(plan, 0);
        let noted = bare;
        for (const [at, look] of looks.entries()) {
          for (const note of notes[at] ?? []) {
            const event = { kind: 'summarised' as const, ...note };
            noted = fold(plan, noted, { at: look.at, event }, look.evidence);
          }
          bare = fold(plan, bare, look, look.evidence);
          noted = fold(plan, noted, look, look.evidence);
          expect(canonicalJson(noted)).toBe(canonicalJson(bare));
        }
        expect(bare.last?.reason).toBe('breach_hold');
      }),
    );
  });

  test('B2: a look decides the same, whatever summaries come in with it', () => {
    fc.assert(
      fc.property(notesAt, (notes) => {
        let state: RolloutState = startState(plan, 0);
        for (const [at, { evidence }] of looks.entries()) {
          if (evidence === null) continue;
          const input = { commands: [], evidence, quietMs: 1_000, supersededBy: null };
          const bare = step(plan, state, input);
          const noted = step(plan, state, { ...input, summaries: notes[at] ?? [] });
          const decided = noted.events.filter(({ event }) => event.kind !== 'summarised');
          expect(canonicalJson(decided)).toBe(canonicalJson(bare.events));
          expect(canonicalJson(noted.state)).toBe(canonicalJson(bare.state));
          state = bare.state;
        }
      }),
    );
  });
});
