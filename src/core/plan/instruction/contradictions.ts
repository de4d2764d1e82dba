import type { InstructionRule, Line } from './line.ts';

/** What two parts of one instruction cannot both mean, each as a question that names both. */
export function contradictions(rules: readonly InstructionRule[], lines: readonly Line[]): readonly string[] {
  return [...ruleConflicts(rules), ...repeats(lines), ...windowConflicts(lines)];
}

function ruleConflicts(rules: readonly InstructionRule[]): readonly string[] {
  return rules.flatMap((a, at) =>
    rules.slice(at + 1).flatMap((b) => {
      if (!isSameLine(a, b) || a.action === 'notify' || b.action === 'notify') return [];
      if (a.action === b.action) {
        return a.value === b.value
          ? []
          : [
              `“${a.phrase}” and “${b.phrase}” give ${a.metric} two lines for ${a.action}, ${a.value} and ${b.value} ${a.unit}. Which one is meant?`,
            ];
      }
      const [hold, rollback] = a.action === 'hold' ? [a, b] : [b, a];
      const isCrossed =
        hold.direction === 'below' ? rollback.value >= hold.value : rollback.value <= hold.value;
      return isCrossed
        ? [
            `${a.metric} would roll back at ${rollback.value} ${rollback.unit} and hold only at ${hold.value} ${hold.unit}, so the hold could never come first. Are they the wrong way round?`,
          ]
        : [];
    }),
  );
}

function isSameLine(a: InstructionRule, b: InstructionRule): boolean {
  return (
    a.metric === b.metric &&
    a.compare === b.compare &&
    a.against === b.against &&
    a.direction === b.direction &&
    a.unit === b.unit
  );
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
  return windows.flatMap((a, at) =>
    windows
      .slice(at + 1)
      .filter((b) => a.allow !== b.allow && a.when.toLowerCase() === b.when.toLowerCase())
      .map((b) => `“${a.phrase}” and “${b.phrase}” allow and forbid the same time. Which one is meant?`),
  );
}
