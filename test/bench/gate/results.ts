import type { Cell } from './cell.ts';
import { workOff } from './crew.ts';
import type { MethodId } from './methods.ts';
import { type Outcome, type Summary, summaryOf } from './outcome.ts';
import type { Task } from './work.ts';

export interface Result {
  readonly cell: Cell;
  readonly method: MethodId;
  readonly summary: Summary;
}

/** Small enough that no thread is left alone with the last big one. */
const TASK_ROLLOUTS = 250;

function tasksOf(
  cell: Cell,
  method: MethodId,
  { rollouts, seed }: { readonly rollouts: number; readonly seed: number },
): readonly Task[] {
  const wanted = Math.ceil(rollouts * cell.rolloutShare);
  const size = Math.ceil(TASK_ROLLOUTS * cell.rolloutShare);
  return Array.from({ length: Math.ceil(wanted / size) }, (_, part) => ({
    cellId: cell.id,
    method,
    seed,
    first: part * size,
    count: Math.min(size, wanted - part * size),
  }));
}

/** Runs every cell under each of its methods and sums the outcomes up. `onProgress` hears the share that is done. */
export async function resultsOf(
  cells: readonly Cell[],
  options: { readonly rollouts: number; readonly seed: number; readonly threads: number },
  onProgress: (share: number) => void,
): Promise<readonly Result[]> {
  const pairs = cells.flatMap((cell) => cell.methods.map((method) => ({ cell, method })));
  const tasks = pairs.flatMap(({ cell, method }) => tasksOf(cell, method, options));
  const outcomes = await workOff(tasks, options.threads, (done) => onProgress(done / tasks.length));
  const gathered = new Map<string, Outcome[]>();
  for (const [at, task] of tasks.entries()) {
    const key = `${task.method} ${task.cellId}`;
    gathered.set(key, [...(gathered.get(key) ?? []), ...(outcomes[at] ?? [])]);
  }
  return pairs.map(({ cell, method }) => ({
    cell,
    method,
    summary: summaryOf(gathered.get(`${method} ${cell.id}`) ?? []),
  }));
}
