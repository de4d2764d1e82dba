import { describe, test } from 'vitest';
import { openRig } from './support/open-rig.ts';
import { type Answering, healthy, LINES, type Product } from './support/product.ts';
import { until } from './support/until.ts';

const TICK_MS = 200;
/** Its first stage would be left after two seconds, were it not for the fault. */
const INSTRUCTION = `Start at 10% for 2 seconds, then 100% for 2 seconds. ${LINES}`;
/** Looks without telemetry before the test believes that it stays held. */
const HELD_LOOKS = 12;

const answers = (answering: Answering) => async (product: Product) => {
  product.answering = answering;
};

const FAULTS = [
  { what: 'a killed target', begin: (product: Product) => product.kill(), seen: /cannot be read \(ECONN/ },
  { what: 'a target that never answers', begin: answers('stalled'), seen: /did not answer in time/ },
  { what: 'NaN', begin: answers('not_a_number'), seen: /NaN/ },
  { what: 'a sign-in page', begin: answers('html'), seen: /something other than metrics: line 1 / },
  { what: 'a renamed metric', begin: answers('renamed'), seen: /has no http_requests_total/ },
] as const;

describe.concurrent('telemetry that cannot be read', () => {
  test.for(FAULTS)(
    '$what never promotes; it holds, names what was seen, and tells people once',
    async (fault, { expect }) => {
      await using rig = await openRig({ canaryErrors: healthy, tickMs: TICK_MS, instruction: INSTRUCTION });
      await rig.start();
      await rig.decided('a look at the confirmed stage', (decision) => decision.reason === 'stage_minimum');
      const { host } = new URL(rig.product.url);
      await fault.begin(rig.product);
      const before = (await rig.decisions()).length;

      const hold = await rig.decided('a blind hold', (decision) => decision.reason === 'telemetry_blind');
      expect(hold).toMatchObject({ kind: 'hold', exposure: '10%' });
      await until('more looks', async () => (await rig.decisions()).length >= before + HELD_LOOKS, 20_000);

      const decisions = await rig.decisions();
      expect(
        decisions.filter((decision) => ['promote', 'widen', 'complete'].includes(decision.kind)),
      ).toEqual([]);
      const since = decisions.slice(decisions.findIndex((decision) => decision.at === hold.at));
      expect(new Set(since.map(({ kind, reason }) => `${kind}/${reason}`))).toEqual(
        new Set(['hold/telemetry_blind']),
      );
      expect(await rig.state()).toMatchObject({ phase: 'running', stageIndex: 0, desired: { percent: 10 } });
      const words = rig.told.filter((message) => message.urgency === 'needs_person');
      expect(words).toHaveLength(1);
      expect(words[0]?.headline).toMatch(fault.seen);
      expect(words[0]?.headline).toContain(host);
    },
  );
});
