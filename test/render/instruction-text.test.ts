import { expect, test } from 'vitest';
import { readBack } from '../../src/core/plan/instruction.ts';
import { instructionText } from '../../src/render/instruction-text.ts';

const show = (text: string) => instructionText(readBack(text)).join('\n');

test('each line stands above the phrase it came from, and the page ends with whether it may start', () => {
  const text =
    'Internal users for a day, then 5% and everyone, 2h each. Hold and alert me if error rate exceeds stable by more than 0.5 points. ' +
    'Not on Fridays. Ask me before 100%. Keep 5% on the old version. Start after 14:00 UTC.';
  expect(show(text)).toBe(
    [
      'Ladder',
      '  audience:internal (1d) → 5% (2h) → 100% (2h)',
      '      “Internal users for a day, then 5% and everyone, 2h each”',
      '',
      'Rules',
      '  hold and notify when error_rate is more than 0.5 points above stable',
      '      “Hold and alert me if error rate exceeds stable by more than 0.5 points”',
      '',
      'Windows',
      '  not: Fridays',
      '      “Not on Fridays”',
      '',
      'Approvals',
      '  ask a person before 100%',
      '      “Ask me before 100%”',
      '',
      'Holdback',
      '  5% stays on the old version after 100%',
      '      “Keep 5% on the old version”',
      '',
      'Start',
      '  not before 14:00 UTC',
      '      “Start after 14:00 UTC”',
      '',
      'Every word that bears anything was read. It may start as shown.',
    ].join('\n'),
  );
});

test.each([
  ['Roll back if errors double', 'roll back when error_rate is more than 2 times stable'],
  ['Roll back if error rate is above 5%', 'roll back when error_rate is above 5%'],
  ['Hold if cache hit rate drops below 90%', 'hold when cache.hit_ratio is below 90%'],
  ['Keep p95 within 10% of stable', 'hold when latency_p95 is more than 10% away from stable, either way'],
  ['Hold if p95 rises 1% compared with the previous stage', 'more than 1% above the previous stage'],
  ['Alert me if p95 exceeds stable by 50 ms', 'notify when latency_p95 is more than 50 ms above stable'],
  ['Hold if conversion falls 1 point', 'business.core_action_rate is more than 1 point below stable'],
])('a rule reads as a sentence: %s', (text, words) => expect(show(text)).toContain(words));

test('a ladder written over several sentences shows each of them once', () => {
  const page = show('Start at 5%. After 2 hours go to 50%. After a day go to everyone.');
  expect(page).toContain('  5% (2h) → 50% (1d) → 100%\n      “Start at 5%”\n      “After 2 hours go to 50%”');
});

test('what is open is counted and numbered, and stands in the words of the writer', () => {
  const page = show('Hold if error rate rises 2%. Roll back when Mercury is retrograde.');
  expect(page).toContain('  1. “Hold if error rate rises 2%”');
  expect(page).toContain('Not read\n  “Roll back when Mercury is retrograde”');
  expect(page).toContain('1 question is open and 1 phrase was not read.');
  expect(show('Hold if error rate rises 2%')).toContain('1 question is open. Reword');
});

test('no words are taken for an instruction where none were given', () => {
  expect(show('')).toContain('none given: the risk of the change sets it');
});

test('what a terminal would act on is shown and not sent', () => {
  const page = show('Hold if \u001b[2J\u202eerror rate exceeds 1%');
  for (const sign of ['\u001b', '\u202e']) expect(page).not.toContain(sign);
  expect(page).toContain('\\u{1b}');
});
