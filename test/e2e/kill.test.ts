import { describe, test } from 'vitest';
import { type Random, randomFrom } from '../../src/simulate/random.ts';
import { type KillFinding, type KillInstant, openKilledRollout } from './support/killed-rollout.ts';
import { harmfulFrom25, healthy } from './support/product.ts';

const KILLS = Number(process.env['SLUICE_KILL_ROUNDS'] ?? 8);
const SEED = Number(process.env['SLUICE_KILL_SEED'] ?? Date.now() % 1_000_000);
/** Kills one rollout is given, so that some happen at each of its stages. */
const KILLS_PER_ROLLOUT = 6;
/** A Sluice takes about half a second to start. */
const LATEST_AFTER_BIRTH_MS = 700;
const MOST_SCRAPES = 5;
/** Observing, deciding, committing and delivering take some 10 ms after the scrape. */
const LATEST_AFTER_SCRAPE_MS = 12;
/** The first milliseconds after the flag file moved, before the tick is over. */
const LATEST_AFTER_MOVE_MS = 4;

describe.concurrent('a Sluice killed with SIGKILL at any instant', () => {
  const worlds = [
    {
      title: 'carries a healthy change on to everyone',
      errors: healthy,
      phase: 'completed',
      percent: 100,
      seed: SEED,
    },
    {
      title: 'carries a harmful change on to its rollback, which stays',
      errors: harmfulFrom25,
      phase: 'rolled_back',
      percent: 0,
      seed: SEED + 1,
    },
  ] as const;
  test.for(worlds)('$title', { timeout: 20_000 + KILLS * 3_000 }, async (world, context) => {
    const random = randomFrom(world.seed);
    const instants: KillInstant[] = [];
    const findings: KillFinding[] = [];
    let rollouts = 0;
    while (findings.length < KILLS / worlds.length) {
      rollouts += 1;
      await using rollout = await openKilledRollout(world.errors);
      const enough = Math.min(findings.length + KILLS_PER_ROLLOUT, KILLS / worlds.length);
      while (findings.length < enough) {
        const instant = instantFrom(random);
        const finding = await rollout.kill(instant);
        if (finding === null) break;
        instants.push(instant);
        findings.push(finding);
      }
      const { row } = await rollout.carryOn();
      context.expect(row.state).toMatchObject({ phase: world.phase, desired: { percent: world.percent } });
    }
    console.info(summary(world.phase, world.seed, instants, findings, rollouts));
  });
});

function instantFrom(random: Random): KillInstant {
  const upTo = (limit: number) => Math.floor(random.next() * limit);
  const kind = random.next();
  if (kind < 0.2) return { after: 'birth', ms: upTo(LATEST_AFTER_BIRTH_MS) };
  if (kind < 0.4) return { after: 'move', ms: upTo(LATEST_AFTER_MOVE_MS) };
  return { after: 'scrape', scrapes: 1 + upTo(MOST_SCRAPES), ms: upTo(LATEST_AFTER_SCRAPE_MS) };
}

function summary(
  phase: string,
  seed: number,
  instants: readonly KillInstant[],
  findings: readonly KillFinding[],
  rollouts: number,
): string {
  const count = (is: (finding: KillFinding) => boolean) => findings.filter(is).length;
  const phases = [...new Set(findings.map((finding) => finding.phase))];
  const when = instants.map((instant) =>
    instant.after === 'scrape' ? `scrape ${instant.scrapes}+${instant.ms}` : `${instant.after}+${instant.ms}`,
  );
  return [
    `${findings.length} kills in ${rollouts} rollouts, each then ${phase} (SLUICE_KILL_SEED=${seed}):`,
    phases.map((name) => `${count((finding) => finding.phase === name)} ${name}`).join(', '),
    `${count((finding) => finding.isInTick)} inside a tick, ${count((finding) => finding.isUndelivered)} between log and flag file`,
    `instants in ms: ${when.join(', ')}`,
  ].join('\n  ');
}
