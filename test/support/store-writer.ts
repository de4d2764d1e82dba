/**
 * A worker to be killed: commits as fast as it can to the store at argv[2], and prints each seq once it is
 * acknowledged. Prints 0 before it opens the store.
 */
import { writeSync } from 'node:fs';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { sha256 } from '../../src/ports/digest.ts';

const [, , path = ''] = process.argv;
const LEASE_MS = 60_000;

const acknowledge = (seq: number) => writeSync(1, `${seq}\n`);

acknowledge(0);
const store = openSqliteStore<{ readonly seq: number }>({ path, clock: systemClock });
await store.migrate();
await store.create({
  id: 'r1',
  target: 'checkout',
  plan: {},
  planDigest: '',
  state: { seq: 1 },
  firstEvent: { kind: 'created', at: 0, actor: 'sluice', payload: {}, evidence: null, gateEpoch: null },
  nextTickAt: 0,
});
// The writer before this one is dead, whatever its lease says.
await store.endLeases(() => true);

for (;;) {
  const [claim] = await store.claimDue({ worker: `host:${process.pid}:0`, leaseMs: LEASE_MS, limit: 1 });
  if (claim === undefined) throw new Error('r1 should be due');
  const seq = claim.state.seq + 1;
  const body = `{"seq":${seq}}`;
  const evidence = { digest: sha256(body), body };
  const result = await store.commit(claim, {
    events: [
      {
        kind: 'promoted',
        at: 0,
        actor: 'sluice',
        payload: { seq },
        evidence: evidence.digest,
        gateEpoch: seq,
      },
    ],
    state: { seq },
    effects: [{ kind: 'exposure', eventIndex: 0, desired: { seq } }],
    evidence: [evidence],
    cursor: null,
    handled: [],
  });
  if (result.kind === 'lost') throw new Error('nobody else writes');
  acknowledge(seq);
  await store.release(claim, 0);
}
