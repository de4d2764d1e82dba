import type { SignalKind } from '../signal-kinds.ts';

/** Where in the source a token stands: code units, half open. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What a rule of an instruction watches; `custom:` keeps the words as they were written. */
export type Metric = 'error_rate' | `latency_p${number}` | SignalKind | `custom:${string}`;

/** Which side of a line trips a rule. `inside` a band is no breach and has to be turned around first. */
export type Side = 'above' | 'below' | 'inside' | 'outside';

export type Against = 'stable' | 'previous_stage' | 'ab_prediction';

/** What a known word or phrase does in a sentence. */
export type Sense =
  | { readonly role: 'act'; readonly act: 'hold' | 'rollback' | 'notify' }
  | { readonly role: 'region'; readonly side: Side; readonly isMagnitude: boolean }
  | { readonly role: 'change'; readonly side: 'above' | 'below' | 'outside' }
  | { readonly role: 'by'; readonly isLess: boolean }
  | { readonly role: 'factor'; readonly value: number }
  | { readonly role: 'against'; readonly against: Against }
  | { readonly role: SimpleRole };

/** Roles whose words differ in nothing else. */
export type SimpleRole =
  /** Verbs of the ladder. */
  | 'go'
  | 'begin'
  | 'dwell'
  | 'switch'
  | 'color'
  | 'step'
  | 'stage'
  | 'each'
  | 'equal'
  | 'until'
  | 'total'
  | 'lengthen'
  /** Connectives. */
  | 'if'
  | 'unless'
  | 'provided'
  | 'and'
  | 'or'
  | 'then'
  | 'after'
  | 'before'
  | 'later'
  | 'for'
  | 'on'
  | 'in'
  | 'not'
  | 'only'
  | 'do'
  /** Words of a condition. */
  | 'require'
  | 'no-worse'
  | 'it'
  | 'either'
  | 'both'
  | 'band'
  | 'breach'
  | 'relative'
  | 'outright'
  | 'healthy'
  | 'noun'
  /** Approval, holdback and calendar. */
  | 'ask'
  | 'keep'
  | 'holdback'
  | 'calendar'
  | 'avoid'
  /** Never readable: these exist so that nothing can swallow them. */
  | 'turn'
  | 'delegate'
  | 'inject'
  /** Articles, pronouns and other words that change nothing; and words nobody knows. */
  | 'the'
  | 'plain'
  | 'strange';

export type Role = Sense['role'];

export type Mark =
  | 'arrow'
  | 'greater'
  | 'comma'
  | 'stop'
  | 'break'
  | 'colon'
  | 'dash'
  | 'minus'
  | 'slash'
  | 'plus'
  | 'other';

export type DurationUnit = 'ms' | 's' | 'm' | 'h' | 'd' | 'w';

/** What a line of a ladder or of a rule can be set at. */
export type Amount =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'percent'; readonly value: number; readonly isEveryone: boolean }
  | { readonly kind: 'points'; readonly value: number }
  | { readonly kind: 'times'; readonly value: number }
  | { readonly kind: 'duration'; readonly ms: number; readonly value: number; readonly unit: DurationUnit }
  | { readonly kind: 'measure'; readonly value: number; readonly unit: string };

export type Token = Span &
  (
    | Amount
    /** A point or span of the calendar: "14:00 UTC", "9-17 UTC", "2026-01-05", "Fridays". */
    | { readonly kind: 'time'; readonly form: 'clock' | 'day' | 'date'; readonly hasZone: boolean }
    /** Looks like a number and has more than one reading, or none: "5-10%", "a few hours", "0,5". Never claimed. */
    | { readonly kind: 'unclear' }
    | { readonly kind: 'metric'; readonly metric: Metric; readonly isAssumed: boolean }
    | { readonly kind: 'quantile'; readonly value: number }
    | { readonly kind: 'audience'; readonly name: string }
    | { readonly kind: 'word'; readonly word: string; readonly sense: Sense }
    | { readonly kind: 'mark'; readonly mark: Mark }
  );

export type TokenKind = Token['kind'];

/** The role of a word, and null for whatever is no word. */
export function roleOf(token: Token | undefined): Role | null {
  return token?.kind === 'word' ? token.sense.role : null;
}

export function isMark(token: Token | undefined, ...marks: readonly Mark[]): boolean {
  return token?.kind === 'mark' && marks.includes(token.mark);
}

export function isWord(token: Token | undefined, ...words: readonly string[]): boolean {
  return token?.kind === 'word' && words.includes(token.word);
}

export function hasRole(tokens: readonly Token[], role: Role): boolean {
  return tokens.some((token) => roleOf(token) === role);
}

const MEASURES: ReadonlySet<TokenKind> = new Set([
  'number',
  'percent',
  'points',
  'times',
  'duration',
  'measure',
  'time',
  'unclear',
  'metric',
  'quantile',
]);

const BEARING_ROLES: ReadonlySet<Role> = new Set([
  'act',
  'ask',
  'factor',
  'holdback',
  'switch',
  'delegate',
  'inject',
]);

const FREE_ROLES: ReadonlySet<Role> = new Set([
  'plain',
  'the',
  'noun',
  'go',
  'begin',
  'dwell',
  'stage',
  'step',
  'and',
  'then',
  'require',
]);

/**
 * What a token demands of whoever reads its clause.
 *
 * `bears`: a number, a metric or an order; it is claimed or its clause is reported. `turns`: it could change what the
 * bearing words mean (a negation, an exception, a word nobody knows); it must be claimed wherever its clause bears
 * anything. `free`: it changes nothing.
 */
export function weightOf(token: Token): 'bears' | 'turns' | 'free' {
  if (token.kind === 'mark') return isMark(token, 'greater', 'plus', 'slash', 'minus') ? 'turns' : 'free';
  if (token.kind === 'audience') return 'turns';
  if (token.kind !== 'word') return 'bears';
  if (BEARING_ROLES.has(token.sense.role)) return 'bears';
  return FREE_ROLES.has(token.sense.role) ? 'free' : 'turns';
}

/** True for what a line of a ladder or of a rule is measured in. */
export function isMeasure(token: Token): boolean {
  return MEASURES.has(token.kind);
}
