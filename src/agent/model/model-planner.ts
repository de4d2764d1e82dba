import type { Json } from '../../core/canonical-json.ts';
import type { Proposal } from '../../core/plan/proposal.ts';
import type { ChangeReads, ReadableFile } from '../../ports/change-reads.ts';
import type { Clock } from '../../ports/clock.ts';
import { digestOf } from '../../ports/digest.ts';
import type { Log } from '../../ports/log.ts';
import type { Model } from '../../ports/model.ts';
import type { ModelRecords } from '../../ports/model-records.ts';
import type { Change, Planner } from '../../ports/planner.ts';
import type { Prompt } from '../../ports/prompts.ts';
import { type Agreement, agreementOf } from './agreement.ts';
import { converse, type Spent } from './conversation.ts';
import { neutralProposal, proposalOf } from './proposal.ts';
import { type DiffFileFacts, readableFiles } from './readable-files.ts';
import { type ModelReply, parseReply, replyJsonSchema, replySchema } from './reply-schema.ts';
import { legendOf, taskOf } from './task.ts';
import { reasonText, type Unusable } from './unusable.ts';

/** `shadow`: asked, recorded and scored beside the rules, and not used. `assist`: merged with theirs, stricter wins. */
export type ModelMode = 'shadow' | 'assist';

export interface ModelPlannerParts {
  readonly mode: ModelMode;
  /** Null where there is no key. */
  readonly model: Model | null;
  readonly prompt: Prompt;
  /** What the model's answer is scored against. */
  readonly rules: Planner;
  readonly readDiff: (diff: string) => readonly DiffFileFacts[];
  /** What its tools can read beside the change itself. */
  readonly reads: Omit<ChangeReads, 'files'>;
  /** The name of the operator's policy: with another one, the model is asked again. */
  readonly policyDigest: string;
  readonly records: ModelRecords;
  /** Never the same twice, and not to be guessed. */
  readonly newNonce: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** In a change of only these nothing can behave otherwise, and no model is asked. */
const IDLE: ReadonlySet<string> = new Set(['docs', 'test', 'ci', 'asset', 'generated']);

type Asked =
  /** `spent` is null for a reply kept from before. */
  | { readonly kind: 'reply'; readonly reply: ModelReply; readonly spent: Spent | null }
  | { readonly kind: 'unusable'; readonly why: Unusable };

/**
 * The planner that asks a model. It holds read functions and returns a proposal; whatever goes wrong it returns one that changes
 * nothing, in `assist` with the reason on it, so that the rules' plan stands (B13). The same change under the same signals,
 * policy, prompt and model is asked about once.
 */
export function modelPlanner(parts: ModelPlannerParts): Planner {
  const underWay = new Map<string, Promise<Asked>>();
  return {
    propose: async (change) => {
      const files = readableFiles(parts.readDiff(change.diff));
      if (files.every(({ pathClass }) => IDLE.has(pathClass))) return neutralProposal(files);
      const key = keyOf(change, parts);
      const asking = underWay.get(key) ?? safely(() => ask(change, files, key, parts), parts.log);
      underWay.set(key, asking);
      try {
        return await resultOf(await asking, key, change, files, parts);
      } finally {
        underWay.delete(key);
      }
    },
  };
}

async function resultOf(
  asked: Asked,
  key: string,
  change: Change,
  files: readonly ReadableFile[],
  parts: ModelPlannerParts,
): Promise<Proposal> {
  if (asked.kind === 'unusable') {
    parts.log.warn('the model gave no proposal', { why: asked.why });
    return neutralProposal(files, parts.mode === 'assist' ? [reasonText(asked.why)] : []);
  }
  const proposal = proposalOf(asked.reply, files, proposedBy(asked.reply, parts));
  const agreement = agreementOf(proposal, await parts.rules.propose(change));
  const { reply, spent } = asked;
  parts.log.info('the model gave a proposal', { mode: parts.mode, agreement, spent });
  if (spent !== null) await keep(key, { reply, spent, agreement }, parts);
  return parts.mode === 'assist' ? proposal : neutralProposal(files);
}

async function ask(
  change: Change,
  files: readonly ReadableFile[],
  key: string,
  parts: ModelPlannerParts,
): Promise<Asked> {
  const kept = await keptReply(key, parts.records);
  if (kept !== null) return { kind: 'reply', reply: kept, spent: null };
  if (parts.model === null) return { kind: 'unusable', why: 'no_key' };
  const { prompt, clock, signal, reads } = parts;
  const nonce = parts.newNonce();
  const end = await converse({
    model: parts.model,
    prompt,
    legend: legendOf(reads.signals),
    task: taskOf({ title: change.title, files }, nonce, prompt.budgets.changeBytes),
    nonce,
    reads: { ...reads, files },
    schema: replyJsonSchema,
    clock,
    signal,
  });
  if (end.kind === 'unusable') return end;
  const reply = parseReply(end.text);
  return reply === null ? { kind: 'unusable', why: 'schema' } : { kind: 'reply', reply, spent: end.spent };
}

async function keptReply(key: string, records: ModelRecords): Promise<ModelReply | null> {
  const record = await records.get(key);
  const reply = (record as { readonly reply?: unknown } | null)?.reply;
  return replySchema.safeParse(reply).data ?? null;
}

/** A record that cannot be written costs the next plan a request, and this one nothing. */
async function keep(
  key: string,
  answer: { readonly reply: ModelReply; readonly spent: Spent; readonly agreement: Agreement },
  { records, clock, mode, model, prompt, log }: ModelPlannerParts,
): Promise<void> {
  const { id, version, digest } = prompt;
  const record = {
    at: clock.now(),
    mode,
    model: model?.id ?? '',
    prompt: { id, version, digest },
    ...answer,
  };
  try {
    await records.put(key, record as unknown as Json);
  } catch (error) {
    log.warn('the model’s answer could not be kept', { error: String(error) });
  }
}

/** Whatever breaks here is no reason to have no plan. */
async function safely(work: () => Promise<Asked>, log: Log): Promise<Asked> {
  try {
    return await work();
  } catch (error) {
    log.warn('the model planner broke', { error: String(error) });
    return { kind: 'unusable', why: 'broken' };
  }
}

function keyOf(change: Change, parts: ModelPlannerParts): string {
  return digestOf({
    diff: change.diff,
    title: change.title,
    catalogue: parts.reads.signals,
    components: parts.reads.components,
    policy: parts.policyDigest,
    prompt: parts.prompt.digest,
    schema: replyJsonSchema,
    model: parts.model?.id ?? null,
  });
}

/** Prompt version, model and reply: enough to find the very words a plan line came from (B15). */
function proposedBy(reply: ModelReply, { prompt, model }: ModelPlannerParts): string {
  return `${prompt.id}.v${prompt.version} ${model?.id ?? ''} ${digestOf(reply).slice(0, 12)}`;
}
