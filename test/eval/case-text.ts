import type { Answer } from './answer.ts';
import type { CaseScore } from './score.ts';

/** One case for a person: what was proposed beside what the label says. */
export function caseText(score: CaseScore, answer: Answer): string {
  const { label } = score;
  const lines = answer.watched.map((watched) => {
    const flags = watched.flags.length === 0 ? '' : ` [${watched.flags.join(', ')}]`;
    return `  ${verdictOf(score, watched.signalKind).padEnd(6)} ${watched.signalKind} ${watched.intent} ${watched.direction}${flags}: ${watched.why}`;
  });
  return [
    `${score.name} (${label.class}, ${label.languages.join(', ')}, ${label.split}): ${label.title}`,
    ...(lines.length === 0 ? ['  nothing proposed'] : lines),
    ...score.missed.map((kind) => `  MISSED ${kind}`),
    ...score.unexpected.map((text) => `  NOT AS LABELLED ${text}`),
    `  risk ${answer.risk}, labelled ${label.risk}: ${answer.riskReasons.join(' ')}`,
    `  safe to roll back: ${answer.rollbackSafe}, labelled ${label.rollbackSafe ?? 'open'}`,
  ].join('\n');
}

/** What to look at first: one line a case that is not entirely right, or null. */
export function missText(score: CaseScore): string | null {
  const parts = [
    ...(score.missed.length > 0 ? [`missed ${score.missed.join(', ')}`] : []),
    ...(score.wrong.length > 0 ? [`wrong ${score.wrong.join(', ')}`] : []),
    ...(score.stray.length > 0 ? [`stray ${score.stray.join(', ')}`] : []),
    ...(score.unexpected.length > 0 ? [`not as labelled: ${score.unexpected.join(', ')}`] : []),
    ...(score.riskOff > 1 ? ['risk two levels off'] : []),
    ...(score.isRollbackRight === false ? ['rollback safety not as labelled'] : []),
  ];
  return parts.length === 0 ? null : `${score.name}: ${parts.join('; ')}`;
}

function verdictOf(score: CaseScore, kind: Answer['watched'][number]['signalKind']): string {
  if (score.hit.includes(kind)) return 'must';
  if (score.nice.includes(kind)) return 'nice';
  return score.wrong.includes(kind) ? 'WRONG' : 'STRAY';
}
