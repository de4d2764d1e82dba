import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import type { Evidence } from '../../src/core/gate/evidence.ts';
import { DECIDER_VERSION } from '../../src/core/rollout/events.ts';
import { exportLog, type LogLine } from '../../src/engine/log-file.ts';
import { replay } from '../../src/engine/replay.ts';
import { digestOf } from '../../src/ports/digest.ts';
import { CHAIN_START, chained } from '../../src/ports/event-chain.ts';
import { ERROR_RATE, openRig, planOf, ROLLOUT } from '../support/rollout-rig.ts';

type EntryLine = Extract<LogLine, { readonly entry: unknown }>;

let text = '';
let bytes = Buffer.alloc(0);

beforeAll(async () => {
  // Short, with a promotion, a person's hold and a rollback in it.
  const rig = await openRig({ effects: [{ kind: 'step', by: 0.06, fromPercent: 25 }] });
  const ladder = [10, 25, 100].map((percent) => ({
    exposure: { kind: 'percent' as const, percent },
    holdMs: 5_000,
  }));
  await rig.start(planOf({ checks: [ERROR_RATE], ladder }));
  await rig.run(2_000);
  await rig.command({ verb: 'hold', until: rig.parts.clock.now() + 1_000 });
  await rig.run(20_000);
  text = (await exportLog(rig.parts.store, ROLLOUT)) ?? '';
  bytes = Buffer.from(text, 'utf8');
});

const linesOf = (log: string) => log.split('\n').slice(0, -1);
const written = (lines: readonly string[]) => `${lines.join('\n')}\n`;
/** The 1-based line that holds this byte; the line break belongs to the line it ends. */
const lineAt = (offset: number) => bytes.subarray(0, offset).toString('utf8').split('\n').length;

/** The log with events changed as by someone who can compute hashes: chain and digests are made to fit again. */
function forged(change: (line: EntryLine) => EntryLine): string {
  let prevHash = CHAIN_START;
  let events = 0;
  const lines = linesOf(text).map((raw): string => {
    const line = JSON.parse(raw) as LogLine;
    if ('end' in line) return canonicalJson({ end: { events, head: prevHash } });
    if (!('entry' in line)) return raw;
    const { entry, evidence } = change(line);
    const digest = evidence === null ? null : digestOf(evidence);
    const place = { rolloutId: entry.rolloutId, seq: entry.seq, fence: entry.fence, prevHash };
    const rechained = chained({ ...entry, evidence: digest }, place);
    prevHash = rechained.hash;
    events = rechained.seq;
    return canonicalJson({ entry: rechained, evidence });
  });
  return written(lines);
}

const isDecided = ({ entry }: EntryLine) => entry.kind === 'decided';

describe('a log as it was written', () => {
  test('replays to the same decisions, and to the end of the rollout', () => {
    const found = replay(text);
    expect(found.fault).toBeNull();
    expect(found.events).toBe(linesOf(text).length - 2);
    expect(found.decisions.at(-1)).toMatchObject({ kind: 'rollback', reason: 'breach_rollback' });
    expect(found.decisions.some(({ kind }) => kind === 'promote')).toBe(true);
    expect(found.state).toMatchObject({ phase: 'rolled_back' });
    expect(found.rolloutId).toBe(ROLLOUT);
  });

  test('rechained without a change is the same text', () => {
    expect(forged((line) => line)).toBe(text);
  });
});

describe('any change is found, and its place named', () => {
  test('a single byte changed to any other, anywhere', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (offset, mask) => {
        const changed = Buffer.from(bytes);
        changed[offset] = (changed[offset] ?? 0) ^ mask;
        const { fault } = replay(changed.toString('utf8'));
        expect(fault).not.toBeNull();
        const line = lineAt(offset);
        // The head names the rollout, and a wrong name shows at the first event; a lost line break joins two lines.
        expect([line, line + 1]).toContain(fault?.line);
        expect(fault?.message).not.toBe('');
      }),
      { numRuns: 120 },
    );
  });

  test('a single byte changed in the frame around the events', () => {
    const first = linesOf(text)[0]?.length ?? 0;
    const last = bytes.length - (linesOf(text).at(-1)?.length ?? 0) - 1;
    const offsets = [
      ...Array(first + 1).keys(),
      ...Array.from({ length: bytes.length - last }, (_, at) => last + at),
    ];
    for (const offset of offsets) {
      const changed = Buffer.from(bytes);
      changed[offset] = (changed[offset] ?? 0) ^ 1;
      expect(replay(changed.toString('utf8')).fault).not.toBeNull();
    }
  });

  test('a byte taken out or put in', () => {
    fc.assert(
      fc.property(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 0, max: 127 }),
        fc.boolean(),
        (offset, byte, isOut) => {
          const middle = isOut ? [] : [byte];
          const rest = bytes.subarray(isOut ? offset + 1 : offset);
          const changed = Buffer.concat([bytes.subarray(0, offset), Buffer.from(middle), rest]);
          if (changed.equals(bytes)) return;
          expect(replay(changed.toString('utf8')).fault).not.toBeNull();
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a tail cut off, at any byte', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        expect(replay(bytes.subarray(0, length).toString('utf8')).fault).not.toBeNull();
      }),
      { numRuns: 60 },
    );
    expect(replay(text.slice(0, -1)).fault).toMatchObject({ kind: 'cut_off' });
  });

  test('whole lines cut off are named as cut off', () => {
    const lines = linesOf(text);
    const { fault } = replay(written(lines.slice(0, 5)));
    expect(fault).toMatchObject({
      kind: 'cut_off',
      line: 5,
      message: expect.stringContaining('after event 4'),
    });
  });

  test('lines exchanged, dropped, or written twice', () => {
    const lines = linesOf(text);
    const [third = '', fourth = ''] = lines.slice(2, 4);
    expect(replay(written(lines.with(2, fourth).with(3, third))).fault).toMatchObject({
      line: 3,
      kind: 'altered',
    });
    expect(replay(written(lines.toSpliced(2, 1))).fault).toMatchObject({ line: 3, kind: 'altered' });
    expect(replay(written(lines.toSpliced(2, 0, third))).fault).toMatchObject({ line: 4, kind: 'altered' });
    expect(replay(`${text}${lines.at(-1)}\n`).fault).not.toBeNull();
  });

  test('another rollout’s name over the same events', () => {
    const other = text.replace(`"rolloutId":"${ROLLOUT}"`, '"rolloutId":"rl_best"');
    expect(replay(other).fault).toMatchObject({ line: 2, kind: 'altered' });
  });

  test.each([
    ['', 'cut_off'],
    ['\n', 'not_a_log'],
    ['hello\n', 'not_a_log'],
    ['{"format":"sluice-log/2","rolloutId":"x"}\n', 'not_a_log'],
    ['{"format":"sluice-log/1","rolloutId":7}\n', 'altered'],
    ['{"format":"sluice-log/1","rolloutId":"x"}\nnull\n', 'altered'],
    ['{"format":"sluice-log/1","rolloutId":"x"}\n{"end":null}\n', 'altered'],
    ['{"format":"sluice-log/1","rolloutId":"x"}\n{"entry":null,"evidence":null}\n', 'altered'],
    ['{"format":"sluice-log/1","rolloutId":"x"}\n{"entry":{},"evidence":null}\n', 'altered'],
    ['{"format":"sluice-log/1","rolloutId":"x"}\n', 'cut_off'],
  ])('of %j: %s', (log, kind) => {
    expect(replay(log).fault?.kind).toBe(kind);
  });
});

describe('a forger who makes all hashes fit', () => {
  test('cannot change what was seen: the decision no longer follows from it', () => {
    const log = forged((line) => {
      if (!isDecided(line)) return line;
      const evidence = line.evidence as unknown as Evidence;
      const samples = evidence.samples.map((sample) =>
        sample.stat?.kind === 'share' ? { ...sample, stat: { ...sample.stat, x: 0 } } : sample,
      );
      return { ...line, evidence: { ...evidence, samples } as unknown as EntryLine['evidence'] };
    });
    expect(replay(log).fault).toMatchObject({
      kind: 'decision_differs',
      message: expect.stringContaining('replayed'),
    });
  });

  test('cannot change what was decided', () => {
    const log = forged((line) => {
      if (!isDecided(line)) return line;
      const payload = JSON.parse(
        JSON.stringify(line.entry.payload).replace('"kind":"rollback"', '"kind":"hold"'),
      );
      return { ...line, entry: { ...line.entry, payload } };
    });
    const { fault } = replay(log);
    expect(fault).toMatchObject({
      kind: 'decision_differs',
      message: expect.stringContaining('decided hold, replayed rollback'),
    });
  });

  test('cannot leave out what a decision was made on', () => {
    const log = forged((line) => (isDecided(line) ? { ...line, evidence: null } : line));
    expect(replay(log).fault).toMatchObject({ kind: 'evidence_altered' });
  });

  test('cannot leave out the start', () => {
    const log = forged((line) =>
      line.entry.kind === 'started' ? { ...line, entry: { ...line.entry, kind: 'settled' } } : line,
    );
    expect(replay(log).fault).toMatchObject({ line: 2, message: expect.stringContaining('does not begin') });
  });

  test('cannot change the plan under its digest', () => {
    const log = forged((line) => {
      if (line.entry.kind !== 'started') return line;
      const payload = JSON.parse(
        JSON.stringify(line.entry.payload).replace(/"alphaRollback":[\d.]+/, '"alphaRollback":0.5'),
      );
      return { ...line, entry: { ...line.entry, payload } };
    });
    expect(replay(log).fault).toMatchObject({ line: 2, message: 'the plan does not match its digest' });
  });
});

test('decisions of another decider are not claimed to replay', () => {
  const log = forged((line) => {
    if (line.entry.kind !== 'started') return line;
    const own = `"decider":${DECIDER_VERSION}`;
    const payload = JSON.parse(JSON.stringify(line.entry.payload).replace(own, '"decider":999'));
    return { ...line, entry: { ...line.entry, payload } };
  });
  expect(replay(log).fault).toMatchObject({
    kind: 'other_decider',
    message: expect.stringContaining('decider 999'),
  });
});
