import { expect, test } from 'vitest';
import { fixedWatch } from './baselines.ts';
import { labelSchema } from './label.ts';
import type { LabelledCase } from './labelled-case.ts';
import { tablesOf } from './page.ts';
import { scoreOf } from './score.ts';

const caseOf = (
  name: string,
  split: 'build' | 'held_out',
  over: Record<string, unknown> = {},
): LabelledCase => ({
  name,
  diff: '',
  label: labelSchema.parse({
    title: name,
    class: split === 'build' ? 'cache' : 'payment',
    languages: [split === 'build' ? 'go' : 'rust'],
    split,
    must: ['http.error_rate', 'cache.hit_ratio'],
    nice: [],
    should_not: ['http.latency_p95'],
    risk: 'high',
    ...over,
  }),
});

async function tablesFor(cases: readonly LabelledCase[]): Promise<string> {
  const planner = fixedWatch();
  const answer = await planner.answer({ diff: '', title: '' });
  const scores = cases.map((each) => scoreOf(each, answer));
  return tablesOf({ planners: [{ planner: planner.name, scores }], relations: [] });
}

test('of the held-out split only sums are shown, so that nobody tunes rules to it', async () => {
  const text = await tablesFor([caseOf('seen', 'build'), caseOf('kept', 'held_out')]);
  expect(text).toContain('| always 5xx and p95, held_out | 1 | 0.50 | 0.50 | 0.50 |');
  expect(text).toContain('| cache | 1 |');
  expect(text).toContain('| go | 1 |');
  expect(text).not.toMatch(/payment|rust/);
});

test('asked for by itself, the held-out split is told by class too', async () => {
  expect(await tablesFor([caseOf('kept', 'held_out')])).toContain('| payment | 1 |');
});

test('a share of nothing is a dash', async () => {
  const nothing = caseOf('quiet', 'build', { empty: true, must: [], should_not: ['*'], risk: 'low' });
  expect(await tablesFor([nothing])).toContain(
    '| always 5xx and p95, build | 1 | – | 0.00 | 1.00 | 0 of 1 | – | 100 % (0 %) | – | – |',
  );
});
