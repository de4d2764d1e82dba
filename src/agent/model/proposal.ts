import type { Proposal, ProposedCheck } from '../../core/plan/proposal.ts';
import type { ReadableFile } from '../../ports/change-reads.ts';
import { namesVerdict, plainText } from './plain-text.ts';
import type { ModelReply } from './reply-schema.ts';

const MOST_REASONS = 3;
const MOST_EVIDENCE = 5;
const MOST_WHY_CHARS = 200;

/**
 * A parsed reply as a proposal. Evidence becomes places that our own reading of the diff knows; a check that rests on no hunk of
 * this change is left out, and that is said. The model's sentences become plain text, are marked as its own, and
 * are not shown where they give a verdict (B9). `proposedBy` names prompt, model and reply.
 */
export function proposalOf(reply: ModelReply, files: readonly ReadableFile[], proposedBy: string): Proposal {
  const places = new Map(files.flatMap(({ hunks }) => hunks.map(({ id, place }) => [id, place] as const)));
  const checks = reply.checks.flatMap((check): readonly ProposedCheck[] => {
    const evidence = check.evidence.flatMap((id) => places.get(id) ?? []);
    if (evidence.length === 0) return [];
    return [
      {
        signalKind: check.signal,
        intent: check.intent,
        direction: check.direction,
        flags: [...new Set(check.flags)].sort(),
        why: sentenceOf(check.why) ?? 'the model gave no reason that can be shown',
        evidence: [...new Set(evidence)].slice(0, MOST_EVIDENCE),
        proposedBy,
      },
    ];
  });
  const reasons = reply.risk_reasons
    .flatMap((reason) => sentenceOf(reason) ?? [])
    .slice(0, MOST_REASONS)
    .map((reason) => `The model adds: ${reason}`);
  const groundless = reply.checks.length - checks.length;
  return {
    ...neutralProposal(files),
    risk: reply.risk,
    riskReasons:
      groundless === 0
        ? reasons
        : [...reasons, `${groundless} of the model's checks named no part of this change and were left out.`],
    rollbackSafe: reply.rollback_safe,
    checks,
  };
}

/** A sentence as it may be shown, or null where nothing is left of it or it gives a verdict. */
function sentenceOf(text: string): string | null {
  const plain = plainText(text, MOST_WHY_CHARS);
  return plain === '' || namesVerdict(plain) ? null : plain;
}

/**
 * What adds nothing to a plan, whatever it is merged with: the lowest risk, no doubt about the way back, no check. It stands for
 * a model that was not asked or gave nothing; beside the rules' proposal it leaves theirs as it is (B13).
 */
export function neutralProposal(files: readonly ReadableFile[], reasons: readonly string[] = []): Proposal {
  return {
    source: 'model',
    risk: 'low',
    riskReasons: reasons,
    rollbackSafe: 'yes',
    surfaces: [],
    checks: [],
    unobservable: [],
    size: {
      files: files.length,
      added: files.reduce((sum, file) => sum + file.added, 0),
      removed: files.reduce((sum, file) => sum + file.removed, 0),
    },
  };
}
