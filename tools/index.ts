import { getDependencies } from './get-dependencies.ts';
import { getPastRollouts } from './get-past-rollouts.ts';
import { getSignalStats } from './get-signal-stats.ts';
import { listChangedFiles } from './list-changed-files.ts';
import { listSignals } from './list-signals.ts';
import { readBaseFile } from './read-base-file.ts';
import { readHunks } from './read-hunks.ts';
import type { Tool } from './tool.ts';

/** Every tool there is. None writes, takes an address or a query, or reads a path that the change does not name. */
export const TOOLS: readonly Tool[] = [
  listChangedFiles,
  readHunks,
  readBaseFile,
  listSignals,
  getSignalStats,
  getDependencies,
  getPastRollouts,
] as unknown as readonly Tool[];
