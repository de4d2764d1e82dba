import { type Cell, rolloutOf } from './cell.ts';
import { allCells } from './cells.ts';
import { COMPETITORS, type MethodId, runMethod } from './methods.ts';
import type { Outcome } from './outcome.ts';

/** Rollouts number `first` to `first + count - 1` of one cell under one method. */
export interface Task {
  readonly cellId: string;
  readonly method: MethodId;
  readonly seed: number;
  readonly first: number;
  readonly count: number;
}

const byId = new Map<string, Cell>();

/** The outcomes of a task, in the order of the rollouts: they depend on the task alone. */
export function outcomesOf(task: Task): readonly Outcome[] {
  if (byId.size === 0) for (const cell of allCells(COMPETITORS)) byId.set(cell.id, cell);
  const cell = byId.get(task.cellId);
  if (cell === undefined) throw new RangeError(`no cell ${task.cellId}`);
  return cellOutcomes(cell, task);
}

export function cellOutcomes(
  cell: Cell,
  { method, seed, first, count }: Omit<Task, 'cellId'>,
): readonly Outcome[] {
  return Array.from({ length: count }, (_, at) => {
    const { world, settings } = rolloutOf(cell, seed, first + at);
    return runMethod(method, cell.plan, world, settings);
  });
}
