import type { InstructionReading, InstructionRule, ReadBack } from '../core/plan/instruction.ts';

/** A line of the reading in words, and the words of the writer it came from. */
interface Row {
  readonly text: string;
  readonly phrases: readonly string[];
}

const ACTIONS: Readonly<Record<InstructionRule['action'], string>> = {
  hold: 'hold',
  rollback: 'roll back',
  notify: 'notify',
};

const BASELINES: Readonly<Record<InstructionRule['against'], string>> = {
  stable: 'stable',
  previous_stage: 'the previous stage',
  ab_prediction: 'the A/B prediction',
  fixed: '',
};

/**
 * A reading as a page for the person who wrote the instruction: each line with the phrase it came from under it, then what
 * has to be answered, then what was not read, and last whether it may start.
 */
export function instructionText(back: ReadBack): readonly string[] {
  const { reading } = back;
  return [
    ...section('Ladder', ladderRows(back)),
    ...section('Rules', reading.rules.map(ruleRow)),
    ...section('Windows', reading.windows.map(windowRow)),
    ...section('Approvals', reading.approvals.map(approvalRow)),
    ...section(
      'Holdback',
      row(reading.holdback, (share) => `${share} stays on the old version after 100%`, back.holdbackPhrase),
    ),
    ...section(
      'Start',
      row(reading.startAfter, (when) => `not before ${when}`, back.startPhrase),
    ),
    ...section(
      'Questions',
      reading.questions.map((text, at) => ({ text: `${at + 1}. ${text}`, phrases: [] })),
    ),
    ...section(
      'Not read',
      reading.unread.map((words) => ({ text: quoted(words), phrases: [] })),
    ),
    verdict(reading),
  ];
}

function section(title: string, rows: readonly Row[]): readonly string[] {
  if (rows.length === 0) return [];
  const lines = rows.flatMap(({ text, phrases }) => [
    `  ${text}`,
    ...phrases.map((phrase) => `      ${quoted(phrase)}`),
  ]);
  return [title, ...lines, ''];
}

function ladderRows({ reading, ladderPhrases }: ReadBack): readonly Row[] {
  if (reading.ladder.length === 0)
    return [{ text: 'none given: the risk of the change sets it', phrases: [] }];
  const stages = reading.ladder.map(({ exposure, hold }) =>
    hold === null ? exposure : `${exposure} (${hold})`,
  );
  return [{ text: stages.join(' → '), phrases: ladderPhrases }];
}

function ruleRow(rule: InstructionRule): Row {
  const act =
    rule.notify && rule.action !== 'notify' ? `${ACTIONS[rule.action]} and notify` : ACTIONS[rule.action];
  return { text: `${act} when ${rule.metric} is ${lineText(rule)}`, phrases: [rule.phrase] };
}

/** "more than 0.5 points above stable", "above 2%", "more than 2 times the previous stage". */
function lineText({ compare, value, unit, direction, against }: InstructionRule): string {
  const amount = amountText(value, unit);
  const baseline = BASELINES[against];
  if (compare === 'absolute') return direction === 'either' ? `not ${amount}` : `${direction} ${amount}`;
  if (compare === 'times') {
    if (direction === 'either') return `more than ${value} times ${baseline}, either way`;
    return `${direction === 'above' ? 'more' : 'less'} than ${value} times ${baseline}`;
  }
  if (direction === 'either') return `more than ${amount} away from ${baseline}, either way`;
  return `more than ${amount} ${direction} ${baseline}`;
}

function amountText(value: number, unit: string): string {
  if (unit === 'percent') return `${value}%`;
  if (unit === 'count' || unit === 'share') return String(value);
  if (unit === 'points') return value === 1 ? '1 point' : `${value} points`;
  return `${value} ${unit}`;
}

function windowRow({ allow, when, phrase }: InstructionReading['windows'][number]): Row {
  return { text: `${allow ? 'only' : 'not'}: ${when}`, phrases: [phrase] };
}

function approvalRow({ before, phrase }: InstructionReading['approvals'][number]): Row {
  return { text: `ask a person before ${before}`, phrases: [phrase] };
}

function row(value: string | null, say: (value: string) => string, phrase: string | null): readonly Row[] {
  return value === null ? [] : [{ text: say(value), phrases: phrase === null ? [] : [phrase] }];
}

/** On one line, with what a terminal would act on made visible. */
function quoted(words: string): string {
  const shown = words
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}]/gu, (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`);
  return `“${shown}”`;
}

function verdict({ questions, unread }: InstructionReading): string {
  if (questions.length + unread.length === 0)
    return 'Every word that bears anything was read. It may start as shown.';
  const parts = [
    ...(questions.length === 0
      ? []
      : [questions.length === 1 ? '1 question is open' : `${questions.length} questions are open`]),
    ...(unread.length === 0
      ? []
      : [unread.length === 1 ? '1 phrase was not read' : `${unread.length} phrases were not read`]),
  ];
  return `${parts.join(' and ')}. Reword the instruction, or a person confirms it as shown before it starts.`;
}
