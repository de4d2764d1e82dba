import { expect, test } from 'vitest';
import { diffOf, planOf } from '../diff-writing.ts';

async function intentOf(before: string, after: string): Promise<string | undefined> {
  const plan = await planOf(diffOf('src/shop/order.ts', before, after));
  return plan.checks.find((check) => check.signalKind === 'http.client_error_rate')?.intent;
}

test('a shape that asks more of a field is expected to refuse more', async () => {
  const tighter = await intentOf('const shape = z.string();\n', 'const shape = z.string().max(40);\n');
  expect(tighter).toBe('expect_change');
});

test('a shape that asks less of a field is guarded', async () => {
  const looser = await intentOf('const shape = z.string().max(40);\n', 'const shape = z.string();\n');
  expect(looser).toBe('guard');
});

test.each([
  {
    when: 'once a month',
    before: 'crontab(hour=1, day_of_month="3")',
    after: 'crontab(hour=2, day_of_month="3")',
    told: 1,
  },
  { when: 'every night', before: 'crontab(hour=1)', after: 'crontab(hour=2)', told: 0 },
])('a job that runs $when is told to be out of sight $told times', async ({ before, after, told }) => {
  const plan = await planOf(diffOf('app/plan.py', `PLAN = ${before}\n`, `PLAN = ${after}\n`));
  expect(plan.checks.filter((check) => check.intent === 'not_observable')).toHaveLength(told);
});
