import { Worker } from 'node:worker_threads';
import type { Outcome } from './outcome.ts';
import type { Task } from './work.ts';

/**
 * Works the tasks off on `threads` threads, each taking the next when it has done one, and returns their outcomes in the order
 * of the tasks: what comes out does not depend on how many threads there were. Rejects with the first error of any.
 */
export async function workOff(
  tasks: readonly Task[],
  threads: number,
  onDone: (done: number) => void,
): Promise<readonly (readonly Outcome[])[]> {
  const results: (readonly Outcome[])[] = tasks.map(() => []);
  let [next, done] = [0, 0];
  const work = async () => {
    const worker = new Worker(new URL('./worker-process.ts', import.meta.url));
    try {
      for (let at = next++; at < tasks.length; at = next++) {
        results[at] = await answer(worker, tasks[at]);
        done += 1;
        onDone(done);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, tasks.length) }, work));
  return results;
}

function answer(worker: Worker, task: Task | undefined): Promise<readonly Outcome[]> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void) => {
      worker.off('message', onMessage).off('error', onError);
      done();
    };
    const onMessage = (outcomes: readonly Outcome[]) => settle(() => resolve(outcomes));
    const onError = (error: Error) => settle(() => reject(error));
    worker.on('message', onMessage).on('error', onError);
    worker.postMessage(task);
  });
}
