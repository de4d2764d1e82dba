import type { Agent, ModelParts } from '../ports/agent.ts';
import { pathOf, readDiff } from './diff/diff.ts';
import { classOfPath } from './diff/path-class.ts';
import { modelPlanner } from './model/model-planner.ts';
import { phraseReader } from './model/phrase-reader.ts';
import type { DiffFileFacts } from './model/readable-files.ts';
import { summaryWriter } from './model/summary-writer.ts';
import { rulePlanner } from './rule-planner.ts';

/** All of the agent, for `main.ts`. The rest of the house knows it only as a port. */
export const agent: Agent = {
  rules: rulePlanner(),
  openModelAgent: (parts: ModelParts) => ({
    planner: modelPlanner({ ...parts, rules: rulePlanner(), readDiff: factsOf }),
    reader: phraseReader(parts),
    summarizer: summaryWriter(parts),
  }),
};

function factsOf(diff: string): readonly DiffFileFacts[] {
  return readDiff(diff).files.map((file) => {
    const path = pathOf(file);
    return { path, basePath: file.oldPath, pathClass: classOfPath(path), hunks: file.hunks };
  });
}
