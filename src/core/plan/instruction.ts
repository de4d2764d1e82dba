import { readApproval, readHoldback } from './instruction/approvals.ts';
import { readStart, readWindow } from './instruction/calendar.ts';
import { toClauses } from './instruction/clause.ts';
import { withoutComments } from './instruction/comments.ts';
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

/** A reading beside the words that its stages, its holdback and its start came from; its other lines carry their own. */
export interface ReadBack {
  readonly reading: InstructionReading;
  readonly ladderPhrases: readonly string[];
  readonly holdbackPhrase: string | null;
  readonly startPhrase: string | null;
}

const NOTHING: InstructionReading = {
  ladder: [],
  rules: [],
  holdback: null,
  startAfter: null,
  windows: [],
  approvals: [],
  questions: [],
  unread: [],
};

/** Lines that the ladder is assembled from. */
const STAGED: ReadonlySet<Line['kind']> = new Set([
  'rung',
  'hold-last',
  'hold-each',
  'grow',
  'add',
  'until',
  'count',
  'spread',
]);

/**
 * Reads a standing instruction: stages, rules, windows, approvals, holdback and start.
 *
 * Every number, duration, percentage and metric of the text is either accounted for in the result or stands, with its
 * clause, in `unread`. What could be read two ways becomes a question. Deterministic and total: any text has a reading, in
 * time that grows with its length. Source: DESIGN §4.
 */
export function readInstruction(text: string): InstructionReading {
  return readBack(text).reading;
}

/** `readInstruction` with the words behind every line, for whoever shows the reading to its writer. */
export function readBack(text: string): ReadBack {
  if (text.length > MAX_CHARACTERS) {
    const unread = [`The instruction has ${text.length} characters; at most ${MAX_CHARACTERS} are read.`];
    return { reading: { ...NOTHING, unread }, ladderPhrases: [], holdbackPhrase: null, startPhrase: null };
  }
  const { visible, hidden } = withoutComments(text);
  const { lines, unread, questions, phrases } = keepLedger(toClauses(readWords(visible), visible), READERS);
  const staged = lines.filter(({ kind }) => STAGED.has(kind)).map((line) => phrases.get(line) ?? '');
  const holdback = lines.find((line) => line.kind === 'holdback');
  const start = lines.find((line) => line.kind === 'start-after');
  return {
    reading: readingOf(lines, questions, [...new Set([...unread, ...hidden])]),
    ladderPhrases: [...new Set(staged)],
    holdbackPhrase: holdback?.phrase ?? null,
    startPhrase: start?.phrase ?? null,
  };
}

function readingOf(
  lines: readonly Line[],
  left: readonly string[],
  unread: readonly string[],
): InstructionReading {
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
    questions: [...new Set([...questions, ...asked, ...contradictions(rules, lines), ...left])],
    unread,
  };
}

/** Rules in the order of the text, each once. A later "if that band is breached" changes what its rules do. */
function rulesOf(lines: readonly Line[]): readonly InstructionRule[] {
  const rules = new Map<string, InstructionRule>();
  for (const line of lines) {
    if (line.kind === 'rule' && !rules.has(keyOf(line.rule))) rules.set(keyOf(line.rule), line.rule);
    if (line.kind === 'retune') for (const [key, rule] of rules) rules.set(key, retuned(rule, line));
  }
  return [...rules.values()];
}

function retuned(rule: InstructionRule, line: Line & { readonly kind: 'retune' }): InstructionRule {
  if (rule.direction !== 'either' || !line.metrics.includes(rule.metric)) return rule;
  // Stricter wins: what would have rolled back is not softened to a hold.
  const action = line.action === 'rollback' ? 'rollback' : rule.action;
  return { ...rule, action, notify: rule.notify || line.notify };
}

/** All of a rule but its words. */
function keyOf({ phrase: _, ...rule }: InstructionRule): string {
  return JSON.stringify(rule);
}
