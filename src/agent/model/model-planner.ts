import type { Proposal } from '../../core/plan/proposal.ts';
import type { ModelParts } from '../../ports/agent.ts';
import type { ReadableFile } from '../../ports/change-reads.ts';
import { digestOf } from '../../ports/digest.ts';
import type { Change, Planner } from '../../ports/planner.ts';
import { agreementOf } from './agreement.ts';
import { type Asked, askOnce, keepAnswer, type Question } from './asking.ts';
import { neutralProposal, proposalOf } from './proposal.ts';
import { type DiffFileFacts, readableFiles } from './readable-files.ts';
import { type ModelReply, parseReply, replyJsonSchema } from './reply-schema.ts';
import { legendOf, taskOf } from './task.ts';
import { reasonText } from './unusable.ts';

export interface ModelPlannerParts extends ModelParts {
  /** What the model's answer is scored against. */
  readonly rules: Planner;
  readonly readDiff: (diff: string) => readonly DiffFileFacts[];
}

/** In a change of only these nothing can behave otherwise, and no model is asked. */
const IDLE: ReadonlySet<string> = new Set(['docs', 'test', 'ci', 'asset', 'generated']);

/**
 * The planner that asks a model. It holds read functions and returns a proposal; whatever goes wrong it returns one that changes
 * nothing, in `assist` with the reason on it, so that the rules' plan stands (B13). The same change under the same signals,
 * policy, prompt and model is asked about once.
 */
export function modelPlanner(parts: ModelPlannerParts): Planner {
  const underWay = new Map<string, Promise<Asked<ModelReply>>>();
  return {
    propose: async (change) => {
      const files = readableFiles(parts.readDiff(change.diff));
      if (files.every(({ pathClass }) => IDLE.has(pathClass))) return neutralProposal(files);
      const question = questionOf(change, files, parts);
      const key = digestOf(question.about);
      const asking = underWay.get(key) ?? askOnce(question, parts);
      underWay.set(key, asking);
      try {
        return await resultOf(await asking, change, files, parts);
      } finally {
        underWay.delete(key);
      }
    },
  };
}

async function resultOf(
  asked: Asked<ModelReply>,
  change: Change,
  files: readonly ReadableFile[],
  parts: ModelPlannerParts,
): Promise<Proposal> {
  if (asked.kind === 'unusable') {
    parts.log.warn('the model gave no proposal', { why: asked.why });
    return neutralProposal(files, parts.mode === 'assist' ? [reasonText(asked.why)] : []);
  }
  const proposal = proposalOf(asked.reply, files, asked.by);
  const agreement = agreementOf(proposal, await parts.rules.propose(change));
  parts.log.info('the model gave a proposal', { mode: parts.mode, agreement, spent: asked.spent });
  await keepAnswer(asked, 'plan', parts, { agreement });
  return parts.mode === 'assist' ? proposal : neutralProposal(files);
}

function questionOf(
  change: Change,
  files: readonly ReadableFile[],
  { reads, policyDigest }: ModelPlannerParts,
): Question<ModelReply> {
  return {
    promptId: 'plan',
    legend: legendOf(reads.signals),
    task: (prompt, nonce) => taskOf({ title: change.title, files }, nonce, prompt.budgets.changeBytes),
    reads: { ...reads, files },
    schema: replyJsonSchema,
    parse: parseReply,
    about: {
      diff: change.diff,
      title: change.title,
      catalogue: reads.signals.map((signal) => ({ ...signal })),
      components: [...reads.components],
      policy: policyDigest,
    },
  };
}
