import type { InstructionRule, Line } from './line.ts';

/** What two parts of one instruction cannot both mean, each as a question that names both. */
export function contradictions(rules: readonly InstructionRule[], lines: readonly Line[]): readonly string[] {
  return [...ruleConflicts(rules), ...repeats(lines), ...windowConflicts(lines)];
}

/** Two lines of one metric already ask; more than these would only ask the same again. */
const MAX_COMPARED = 20;

function ruleConflicts(rules: readonly InstructionRule[]): readonly string[] {
  const acting = rules.filter((rule) => rule.action !== 'notify');
  const groups = [...Map.groupBy(acting, lineOf).values()];
  return groups.flatMap((group) => {
    const compared = group.slice(0, MAX_COMPARED);
    return compared.flatMap((a, at) => compared.slice(at + 1).flatMap((b) => conflictOf(a, b)));
  });
}

function conflictOf(a: InstructionRule, b: InstructionRule): readonly string[] {
  if (a.action === b.action) {
    return a.value === b.value
      ? []
      : [
          `“${a.phrase}” and “${b.phrase}” give ${a.metric} two lines for ${a.action}, ${a.value} and ${b.value} ${a.unit}. Which one is meant?`,
        ];
  }
  const [hold, rollback] = a.action === 'hold' ? [a, b] : [b, a];
  const isCrossed = hold.direction === 'below' ? rollback.value >= hold.value : rollback.value <= hold.value;
  return isCrossed
    ? [
        `${a.metric} would roll back at ${rollback.value} ${rollback.unit} and hold only at ${hold.value} ${hold.unit}, so the hold could never come first. Are they the wrong way round?`,
      ]
    : [];
}

/** What has to agree before two values can be set side by side. */
function lineOf({ metric, compare, against, direction, unit }: InstructionRule): string {
  return [metric, compare, against, direction, unit].join(' ');
}

/** A holdback or a start that is given twice with different words. */
function repeats(lines: readonly Line[]): readonly string[] {
  const holdbacks = new Set(lines.flatMap((line) => (line.kind === 'holdback' ? [line.exposure] : [])));
  const starts = new Set(lines.flatMap((line) => (line.kind === 'start-after' ? [line.when] : [])));
  const questions: string[] = [];
  if (holdbacks.size > 1)
    questions.push(`Two holdbacks are given, ${[...holdbacks].join(' and ')}. Which one is meant?`);
  if (starts.size > 1)
    questions.push(`Two starts are given, ${[...starts].join(' and ')}. Which one is meant?`);
  return questions;
}

function windowConflicts(lines: readonly Line[]): readonly string[] {
  const windows = lines.filter((line) => line.kind === 'window');
  return [...Map.groupBy(windows, ({ when }) => when.toLowerCase()).values()].flatMap((group) => {
    const [allowed, barred] = [group.find(({ allow }) => allow), group.find(({ allow }) => !allow)];
    return allowed === undefined || barred === undefined
      ? []
      : [`“${allowed.phrase}” and “${barred.phrase}” allow and forbid the same time. Which one is meant?`];
  });
}
