import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SIGNAL_KINDS } from '../../src/core/plan/signal-kinds.ts';
import { says, scriptedModel } from '../agent/model/scripted-model.ts';
import { type Answer, rules } from './answer.ts';
import { type LabelledCase, readCases } from './labelled-case.ts';
import { NO_RECORDS, recorded, recordingOf, withModel } from './model-layer.ts';
import { scoreOf } from './score.ts';

/** Every tenth case that asks for something: the layer is the same for all of them. */
const cases = readCases()
  .filter(({ label }) => !label.empty && label.split === 'build')
  .filter((_, at) => at % 10 === 0);

function reply(kinds: readonly string[], more: object = {}): string {
  const checks = kinds.slice(0, 16).map((signal) => ({
    signal,
    intent: 'guard',
    direction: 'increase',
    flags: [],
    evidence: ['f1h1'],
    why: 'The change touches it.',
  }));
  return JSON.stringify({ risk: 'low', risk_reasons: [], rollback_safe: 'yes', checks, ...more });
}

const changeOf = ({ diff, label }: LabelledCase) => ({ diff, title: label.title });
const kindsOf = (answer: Answer) => answer.watched.map(({ signalKind }) => signalKind);

async function answersTo(each: LabelledCase, said: string): Promise<{ alone: Answer; both: Answer }> {
  const layer = withModel('scripted', scriptedModel(says(said)), NO_RECORDS);
  return { alone: await rules().answer(changeOf(each)), both: await layer.answer(changeOf(each)) };
}

test('there are cases to try', () => expect(cases.length).toBeGreaterThan(10));

describe.each(cases)('on $name, a model', (each) => {
  test('that names what the label wants has it watched, as far as eight checks go', async () => {
    const { alone, both } = await answersTo(each, reply([...each.label.must, ...each.label.nice]));
    expect(kindsOf(both)).toEqual(expect.arrayContaining([...kindsOf(alone)]));
    const { missed } = scoreOf(each, both);
    if (both.checks < 8) expect(missed).toEqual([]);
  });

  test('that names everything takes nothing away', async () => {
    const { alone, both } = await answersTo(each, reply(Object.keys(SIGNAL_KINDS)));
    expect(kindsOf(both)).toEqual(expect.arrayContaining([...kindsOf(alone)]));
  });

  test.each([
    ['that names nothing', reply([])],
    ['that talks', 'Looks good to me!'],
  ])('%s leaves what the rules watch, and their risk', async (_, said) => {
    const { alone, both } = await answersTo(each, said);
    expect(both.watched).toEqual(alone.watched);
    expect(both.risk).toBe(alone.risk);
  });
});

describe('a recording', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'recorded-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is answered from without asking, and only for the change it is of', async () => {
    const [first, second] = cases as [LabelledCase, LabelledCase];
    const model = scriptedModel(says(reply(first.label.must)));
    const live = await withModel('live', model, recordingOf('a', model.id, folder)).answer(changeOf(first));
    expect(model.asked).toHaveLength(1);
    expect(await recorded('a', folder).answer(changeOf(first))).toEqual(live);
    const other = await recorded('a', folder).answer(changeOf(second));
    expect(other.watched).toEqual((await rules().answer(changeOf(second))).watched);
    expect(model.asked).toHaveLength(1);
  });
});
