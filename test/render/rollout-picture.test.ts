import { describe, expect, test } from 'vitest';
import { type PictureLook, rolloutPicture } from '../../src/render/rollout-picture.ts';
import { escaped, line, niceStep, tickTimes } from '../../src/render/svg.ts';
import { timeText } from '../../src/render/time-text.ts';
import { simulateRollout } from '../../src/simulate/rollout.ts';
import { CALM, type Effect } from '../../src/simulate/world.ts';
import { check, ERROR_RATE, P95, planOf } from '../support/rollout-rig.ts';

const PLAN = planOf({ checks: [ERROR_RATE, P95] });
const WORDS = { title: 'a rollout', subtitle: 'simulated' };

function looksOf(effects: readonly Effect[], plan = PLAN): readonly PictureLook[] {
  const looks: PictureLook[] = [];
  const settings = { startAt: 0, horizonMs: 90_000, measureMs: 4_000, personAfterMs: 20_000 };
  simulateRollout(plan, { ...CALM, effects }, settings, (look) => looks.push(look));
  return looks;
}

/** Every element that is opened is closed, in order. */
function expectWellFormed(svg: string): void {
  const open: string[] = [];
  for (const [, slash, name = '', isEmpty] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (slash === '/') expect(open.pop()).toBe(name);
    else if (isEmpty !== '/') open.push(name);
  }
  expect(open).toEqual([]);
  expect(svg).not.toMatch(/NaN|Infinity|undefined|null/);
}

describe('the picture of a rollout', () => {
  test('marks each decision where it was made, with its words', () => {
    const svg = rolloutPicture(
      PLAN,
      ERROR_RATE.id,
      looksOf([{ kind: 'step', by: 0.05, fromPercent: 25 }]),
      WORDS,
    );
    expectWellFormed(svg);
    expect(svg).toContain('promoted from 10% to 25%: all 2 checks are clear');
    expect(svg).toMatch(/rolled back from 25%: error rate \d/);
    expect(svg.match(/<circle/g)?.length).toBe(
      2 * (svg.match(/font-weight="600">(promote|hold|rollback)</g)?.length ?? 0),
    );
    expect(svg).toContain('roll back +2 points');
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
    expect(Number(width)).toBeLessThanOrEqual(1_200);
    expect(Number(height)).toBeLessThanOrEqual(700);
  });

  test('is the same text for the same looks', () => {
    const looks = looksOf([]);
    expect(rolloutPicture(PLAN, P95.id, looks, WORDS)).toBe(rolloutPicture(PLAN, P95.id, looks, WORDS));
  });

  test.each<[string, readonly PictureLook[], string | null]>([
    ['nothing was looked at', [], ERROR_RATE.id],
    ['there is no such check', looksOf([]), 'other'],
    ['no check is asked for', looksOf([]), null],
    ['the canary died', looksOf([{ kind: 'dead', fromMs: 5_000 }]), ERROR_RATE.id],
    ['there is a latency', looksOf([{ kind: 'stretch', signal: 'http.latency_p95', times: 3 }]), P95.id],
  ])('is whole when %s', (_, looks, checkId) => {
    expectWellFormed(rolloutPicture(PLAN, checkId, looks, WORDS));
  });

  test('draws a signal whose fall is bad with its lines below stable', () => {
    const hits = check({
      signal: 'cache.hit_ratio',
      worse: 'decrease',
      hold: { compare: 'difference', by: 0.05 },
      rollback: { compare: 'band', times: 0.8, floor: 0.001 },
    });
    const plan = planOf({ checks: [hits] });
    const looks: PictureLook[] = [];
    const world = { ...CALM, signals: { 'cache.hit_ratio': { kind: 'share' as const, rate: 0.9 } } };
    const settings = { startAt: 0, horizonMs: 60_000, measureMs: 4_000, personAfterMs: null };
    simulateRollout(plan, world, settings, (look) => looks.push(look));
    const svg = rolloutPicture(plan, hits.id, looks, WORDS);
    expectWellFormed(svg);
    expect(svg).toContain('hold −5 points');
    expect(svg).toContain('90 %');
  });

  test('leaves out the middle of many decisions and says how many', () => {
    const [first] = looksOf([]);
    if (first === undefined) throw new Error('no look');
    const looks = Array.from({ length: 20 }, (_, at): PictureLook => {
      const decision = {
        ...first.decision,
        kind: 'extend' as const,
        reason: 'not_clear_yet' as const,
        stageEpoch: at,
      };
      return { ...first, elapsedMs: at * 1_000, decision };
    });
    const svg = rolloutPicture(PLAN, ERROR_RATE.id, looks, WORDS);
    expectWellFormed(svg);
    expect(svg).toContain('… 15 more');
    expect(svg).toContain('>20<');
  });

  test('shows what people wrote as text and nothing else', () => {
    const title = `</text><script>alert("1")</script>\u0007\u202e&`;
    const svg = rolloutPicture(PLAN, ERROR_RATE.id, [], { title, subtitle: title });
    expectWellFormed(svg);
    for (const harmful of ['<script', '\u0007', '\u202e']) expect(svg).not.toContain(harmful);
    expect(escaped('a<b>&"')).toBe('a&lt;b&gt;&amp;&quot;');
  });
});

test('a line is broken where a value is missing, and a value alone is a dot', () => {
  expect(line([[0, 1], null, [2, 3], [4, 5]], '')).toContain('d="M0.0 1.0L0.0 1.0M2.0 3.0L4.0 5.0"');
});

test('axes have round steps, and not many', () => {
  expect([0.03, 0.2, 1, 3, 7].map(niceStep)).toEqual([0.05, 0.2, 1, 5, 10]);
  for (const endMs of [1, 900, 61_000, 3_600_000, 14 * 86_400_000]) {
    expect(tickTimes(endMs).length).toBeLessThanOrEqual(15);
    expect(tickTimes(endMs).at(-1)).toBeLessThanOrEqual(endMs);
  }
});

test.each([
  [0, '0s'],
  [45_000, '45s'],
  [59_900, '1m'],
  [195_000, '3m 15s'],
  [3_600_000, '1h'],
  [7_500_000, '2h 5m'],
  [302_400_000, '3d 12h'],
])('%i ms is said as %s', (ms, text) => {
  expect(timeText(ms)).toBe(text);
});
