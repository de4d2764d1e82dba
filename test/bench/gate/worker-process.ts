import { parentPort } from 'node:worker_threads';
import { outcomesOf, type Task } from './work.ts';

/** A thread of the benchmark: a task in, its outcomes out. */
parentPort?.on('message', (task: Task) => parentPort?.postMessage(outcomesOf(task)));
