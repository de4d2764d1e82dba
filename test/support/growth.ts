/** Attempts before a slow run is believed: what else the machine does passes, a square does not. */
const MOST_ATTEMPTS = 12;

/**
 * How many times longer the longer run takes, by the least processor time either was seen to take; `grain` (ms) stands for what does
 * not grow and for the clock's own steps. Measures again while the answer is not below `enough`: other work on the machine can only
 * make a run look slower, so the first low answer is the true one, and a run that grows too fast is never below it.
 */
export async function growthOf(
  short: () => unknown,
  long: () => unknown,
  { enough, grain }: { enough: number; grain: number },
): Promise<number> {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let growth = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < MOST_ATTEMPTS && growth >= enough; attempt += 1) {
    least = Math.min(least, await processorMs(short));
    most = Math.min(most, await processorMs(long));
    growth = most / (least + grain);
  }
  return growth;
}

async function processorMs(run: () => unknown): Promise<number> {
  const start = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1_000;
}
