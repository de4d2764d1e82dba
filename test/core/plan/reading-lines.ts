import type { InstructionReading, InstructionRule } from '../../../src/core/plan/instruction.ts';

/** A reading as one short line for each thing it holds, doubts left out: "ladder 1%@15m 100%", "hold error_rate > 2 points". */
export function meaningLines(reading: InstructionReading): readonly string[] {
  const stages = reading.ladder.map(({ exposure, hold }) =>
    hold === null ? exposure : `${exposure}@${hold}`,
  );
  return [
    ...(stages.length === 0 ? [] : [`ladder ${stages.join(' ')}`]),
    ...reading.rules.map(ruleLine),
    ...reading.windows.map(({ allow, when }) => `${allow ? 'only' : 'not'} ${when}`),
    ...(reading.startAfter === null ? [] : [`start ${reading.startAfter}`]),
    ...reading.approvals.map(({ before }) => `ask before ${before}`),
    ...(reading.holdback === null ? [] : [`holdback ${reading.holdback}`]),
  ];
}

/** A fixed line is marked with "="; stable goes unsaid. */
function ruleLine(rule: InstructionRule): string {
  const sign = { above: '>', below: '<', either: '±' }[rule.direction];
  const value = rule.compare === 'absolute' ? `=${rule.value} ${rule.unit}` : `${rule.value} ${rule.unit}`;
  const against = rule.against === 'stable' || rule.against === 'fixed' ? '' : ` vs ${rule.against}`;
  return `${rule.action}${rule.notify ? '+notify' : ''} ${rule.metric} ${sign} ${value}${against}`;
}
