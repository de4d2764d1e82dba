import { readApproval, readHoldback } from './instruction/approvals.ts';
import { readStart, readWindow } from './instruction/calendar.ts';
import { toClauses } from './instruction/clause.ts';
import { contradictions } from './instruction/contradictions.ts';
import { readLadder } from './instruction/ladder.ts';
import { keepLedger, type Readers } from './instruction/ledger.ts';
import type { InstructionRule, Line } from './instruction/line.ts';
import { readRules } from './instruction/rules.ts';
import { assembleLadder, type ReadStage } from './instruction/stages.ts';
import { readWords } from './instruction/words.ts';

export type { InstructionRule } from './instruction/line.ts';

/** A standing instruction as data. It may start a rollout only when `questions` and `unread` are empty, or a person says so. */
export interface InstructionReading {
  readonly ladder: readonly ReadStage[];
  readonly rules: readonly InstructionRule[];
  readonly holdback: string | null;
  readonly startAfter: string | null;
  readonly windows: readonly { readonly allow: boolean; readonly when: string; readonly phrase: string }[];
  readonly approvals: readonly { readonly before: string; readonly phrase: string }[];
  /** What has more than one reading, with the readings spelled out. Nothing in the result depends on a guess between them. */
  readonly questions: readonly string[];
  /** Words that say something this grammar cannot read, as they were written. */
  readonly unread: readonly string[];
}

/** Longer texts are not instructions, and nobody would check the reading. */
const MAX_CHARACTERS = 20_000;

/** A clause about approval, holdback or time is never taken for a stage; a stage and its condition share one. */
const READERS: Readers = {
  alone: [readApproval, readHoldback, readStart, readWindow],
  together: [readLadder, readRules],
};

/**
 * Reads a standing instruction: stages, rules, windows, approvals, holdback and start.
 *
 * Every number, duration, percentage and metric of the text is either accounted for in the result or stands, with its
 * clause, in `unread`. What could be read two ways becomes a question. Deterministic and total: any text has a reading.
 * Source: DESIGN §4.
 */
export function readInstruction(text: string): InstructionReading {
  if (text.length > MAX_CHARACTERS) {
    const unread = [`The instruction has ${text.length} characters; at most ${MAX_CHARACTERS} are read.`];
    return {
      ladder: [],
      rules: [],
      holdback: null,
      startAfter: null,
      windows: [],
      approvals: [],
      questions: [],
      unread,
    };
  }
  const { lines, unread } = keepLedger(toClauses(readWords(text), text), READERS);
  const { ladder, questions } = assembleLadder(lines);
  const rules = rulesOf(lines);
  const asked = lines.flatMap((line) => (line.kind === 'question' ? [line.text] : []));
  return {
    ladder,
    rules,
    holdback: lines.find((line) => line.kind === 'holdback')?.exposure ?? null,
    startAfter: lines.find((line) => line.kind === 'start-after')?.when ?? null,
    windows: lines.flatMap((line) =>
      line.kind === 'window' ? [{ allow: line.allow, when: line.when, phrase: line.phrase }] : [],
    ),
    approvals: lines.flatMap((line) =>
      line.kind === 'approval' ? [{ before: line.before, phrase: line.phrase }] : [],
    ),
    questions: [...new Set([...questions, ...asked, ...contradictions(rules, lines)])],
    unread,
  };
}

/** Rules in the order of the text, each once. A later "if that band is breached" changes what its rules do. */
function rulesOf(lines: readonly Line[]): readonly InstructionRule[] {
  let rules: readonly InstructionRule[] = [];
  for (const line of lines) {
    if (line.kind === 'rule' && !rules.some((rule) => isSame(rule, line.rule))) rules = [...rules, line.rule];
    if (line.kind === 'retune') rules = rules.map((rule) => retuned(rule, line));
  }
  return rules;
}

function retuned(rule: InstructionRule, line: Line & { readonly kind: 'retune' }): InstructionRule {
  if (rule.direction !== 'either' || !line.metrics.includes(rule.metric)) return rule;
  // Stricter wins: what would have rolled back is not softened to a hold.
  const action = line.action === 'rollback' ? 'rollback' : rule.action;
  return { ...rule, action, notify: rule.notify || line.notify };
}

function isSame(a: InstructionRule, b: InstructionRule): boolean {
  return (
    a.metric === b.metric &&
    a.compare === b.compare &&
    a.value === b.value &&
    a.against === b.against &&
    a.direction === b.direction &&
    a.unit === b.unit &&
    a.action === b.action &&
    a.notify === b.notify
  );
}
