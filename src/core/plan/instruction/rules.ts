import { type Clause, objectWords, type Parts, partsOf, phraseOf } from './clause.ts';
import { judge, type Polarity } from './comparison.ts';
import { type Comparison, readCondition } from './condition.ts';
import type { InstructionRule, Line, Reading } from './line.ts';
import { hasRole, isMark, isWord, type Metric, type Role, roleOf, type Token } from './token.ts';

type Topic = Line & { readonly kind: 'topic' };

/** What a clause orders, and the tokens that say so. */
interface Order {
  readonly action: InstructionRule['action'];
  readonly notify: boolean;
  readonly polarity: Polarity;
  readonly condition: readonly Token[];
  readonly phrase: string;
  readonly isBare: boolean;
  /** Nothing but a bare comparison says that this is a rule. */
  readonly isImplied: boolean;
  readonly claims: readonly Token[];
}

/**
 * Reads what is watched: "hold if …", "roll back when …", "advance while …", "error rate must stay below …".
 * A negated order is never read: "do not roll back on latency" has no place in the result and must not become its opposite.
 */
export function readRules(clause: Clause, before: readonly Line[]): Reading | null {
  const order = orderOf(clause);
  if (order === null) return null;
  const topic = before.findLast((line): line is Topic => line.kind === 'topic') ?? null;
  if (order.condition.some(isStageWord)) return null;
  const claims = new Set<Token>(order.claims);
  const condition = readCondition(order.condition, topic, clause.source, claims);
  if (condition === null) return null;
  const lines: Line[] = [];
  const isEvery =
    order.polarity === 'trips' &&
    (condition.isConjunction || condition.comparisons.some(({ isJoined }) => isJoined));
  const isAny = order.polarity === 'requires' && condition.comparisons.length > 1 && !condition.isConjunction;
  if (isEvery || isAny) {
    const text = `“${order.phrase}”: does it take all of these at once, or is any one of them enough? Write one sentence for each.`;
    return { lines: [{ kind: 'question', text }], claims };
  }
  for (const comparison of condition.comparisons) {
    const read = comparison.isBand
      ? bandLines(comparison, order, before)
      : comparisonLines(comparison, order, topic);
    if (read === null) return null;
    lines.push(...read);
  }
  return { lines, claims };
}

/** "from the first stage", "at the next step": a stage inside a condition narrows it, and a rule has no place for that. */
function isStageWord(token: Token): boolean {
  return (
    (roleOf(token) === 'stage' && !isWord(token, 'level', 'minimum', 'interval', 'intervals')) ||
    (roleOf(token) === 'step' && !isWord(token, 'more'))
  );
}

function comparisonLines(comparison: Comparison, order: Order, topic: Topic | null): readonly Line[] | null {
  const lines: Line[] = [];
  const { phrase, polarity, isBare } = order;
  for (const metric of comparison.metrics) {
    const isElliptic = topic !== null && !topic.isPlain;
    const judged = judge(comparison, metric, { polarity, isBare, isElliptic, phrase });
    if (judged.kind === 'refused' || (order.isImplied && judged.kind === 'rule' && judged.doubt !== null))
      return null;
    if (judged.kind === 'question') lines.push({ kind: 'question', text: judged.text });
    else {
      const { action, notify } = order;
      lines.push({ kind: 'rule', rule: { ...judged.rule, action, notify, phrase } });
      if (judged.doubt !== null) lines.push({ kind: 'question', text: judged.doubt });
    }
  }
  if (comparison.isAssumed) {
    lines.push({
      kind: 'question',
      text: `“${phrase}” names no percentile for latency. Read as p95: is that meant, or p50 or p99?`,
    });
  }
  if (comparison.sustained !== null) {
    lines.push({
      kind: 'question',
      text: `“${phrase}”: how long a line must be crossed is decided by evidence, not by a set time. Is the rule right without that time?`,
    });
  }
  lines.push({
    kind: 'topic',
    metrics: comparison.metrics,
    isPlain: !comparison.isDifference && comparison.value?.kind !== 'points',
    isBand: comparison.side === 'inside',
  });
  return lines;
}

/** "either metric breaches that band" says what happens when an earlier band is left; it adds no band of its own. */
function bandLines(comparison: Comparison, order: Order, before: readonly Line[]): readonly Line[] | null {
  const band = before.findLast((line): line is Topic => line.kind === 'topic');
  if (band === undefined || !band.isBand || order.polarity !== 'trips' || comparison.isNegated) return null;
  if (!comparison.metrics.every((metric: Metric) => band.metrics.includes(metric))) return null;
  return [{ kind: 'retune', metrics: comparison.metrics, action: order.action, notify: order.notify }];
}

function orderOf(clause: Clause): Order | null {
  const parts = partsOf(clause);
  const acts = clause.tokens.filter((token) => roleOf(token) === 'act');
  const outside = parts.head.some((token) =>
    ['ask', 'holdback', 'avoid', 'delegate', 'inject'].includes(roleOf(token) ?? ''),
  );
  if (outside) return null;
  if (acts.length > 0) return actOrder(clause, parts, acts);
  return parts.connective === null ? requirement(clause) : gateOrder(clause, parts, parts.connective);
}

/** "Hold and alert me if …", "error rate over 2 points: roll back", "roll back at 2 points". */
function actOrder(clause: Clause, parts: Parts, acts: readonly Token[]): Order | null {
  const orders = new Set(
    acts.flatMap((token) => (token.kind === 'word' && token.sense.role === 'act' ? [token.sense.act] : [])),
  );
  if (orders.has('hold') && orders.has('rollback')) return null;
  const isNegated = hasRole(parts.connective === null ? beforeFirst(clause.tokens, acts) : parts.head, 'not');
  const condition =
    parts.connective === null ? clause.tokens.filter((token) => !isOrderWord(token, acts)) : parts.condition;
  if (isNegated || acts.some((token) => parts.condition.includes(token))) return null;
  const head = parts.connective === null ? clause.tokens : parts.head;
  // "Hold: error rate must stay below 1%" holds when it does not.
  const demands =
    parts.connective === null ? hasRole(condition, 'require') : roleOf(parts.connective) === 'unless';
  return {
    action: orders.has('rollback') ? 'rollback' : orders.has('hold') ? 'hold' : 'notify',
    notify: orders.has('notify'),
    polarity: demands ? 'requires' : 'trips',
    condition,
    phrase: clause.phrase,
    isBare: parts.connective === null,
    isImplied: false,
    claims: [
      ...acts,
      ...(parts.connective === null ? afterActs(clause.tokens, acts) : [parts.connective]),
      ...objectWords(head).filter((token) => !isWord(token, ...OTHER_OBJECTS)),
      ...recipients(head),
    ],
  };
}

/** "Double every 20 minutes if …", "never advance unless …": what must hold for the ladder to go on. */
function gateOrder(clause: Clause, parts: Parts, connective: Token): Order | null {
  const goes = parts.head.some(
    (token) =>
      ['go', 'begin', 'factor', 'change', 'step'].includes(roleOf(token) ?? '') || token.kind === 'percent',
  );
  if (!goes) return null;
  const nots = parts.head.filter((token) => roleOf(token) === 'not');
  const hasLadder = parts.head.some((token) => token.kind === 'percent' || token.kind === 'duration');
  if (nots.length > 1 || (nots.length === 1 && hasLadder)) return null;
  const trips = (roleOf(connective) === 'unless') !== (nots.length === 1);
  const start = phraseOf([connective, ...parts.condition], clause.source);
  return {
    action: 'hold',
    notify: false,
    polarity: trips ? 'trips' : 'requires',
    condition: parts.condition,
    phrase: hasLadder ? start : clause.phrase,
    isBare: false,
    isImplied: false,
    claims: [
      connective,
      ...nots,
      ...parts.head.filter((token) => roleOf(token) === 'only' || roleOf(token) === 'do'),
      ...objectWords(parts.head),
    ],
  };
}

/**
 * "Error rate must stay below 1%", "p95 < 300 ms": the line a healthy canary keeps to. Without a word that demands it,
 * only a line on the healthy side is one; "error rate > 1%" says no order and stays unread.
 */
function requirement(clause: Clause): Order | null {
  const { tokens } = clause;
  if (!tokens.some((token) => token.kind === 'metric')) return null;
  const demands = tokens.some(
    (token) =>
      roleOf(token) === 'require' || roleOf(token) === 'no-worse' || isWord(token, ...DEMANDING_NOTS),
  );
  const isPlaced = tokens.some((token) => roleOf(token) === 'region' || isMark(token, 'greater'));
  if (!demands && !isPlaced) return null;
  return {
    action: 'hold',
    notify: false,
    polarity: 'requires',
    condition: tokens,
    phrase: clause.phrase,
    isBare: false,
    isImplied: !demands,
    claims: [],
  };
}

/** What a rollback of traffic does not roll back. */
const OTHER_OBJECTS = [
  'database',
  'db',
  'schema',
  'migration',
  'migrations',
  'data',
  'table',
  'tables',
  'config',
  'infrastructure',
];

const DEMANDING_NOTS = [
  'must not',
  "mustn't",
  'should not',
  "shouldn't",
  'may not',
  'cannot',
  'can not',
  "can't",
  'never',
];

function isOrderWord(token: Token, acts: readonly Token[]): boolean {
  return acts.includes(token) || isMark(token, 'colon', 'arrow', 'dash');
}

/** "on" and "at" between an order and its line: "roll back on a 2x increase". */
function afterActs(tokens: readonly Token[], acts: readonly Token[]): readonly Token[] {
  return acts.flatMap((act) => {
    const next = tokens
      .slice(tokens.indexOf(act) + 1)
      .find((token) => roleOf(token) !== 'plain' && token.kind !== 'mark');
    return next !== undefined && ['on', 'for'].includes(roleOf(next) ?? '') ? [next] : [];
  });
}

function beforeFirst(tokens: readonly Token[], acts: readonly Token[]): readonly Token[] {
  const last = tokens.findLastIndex((token) => acts.includes(token));
  return tokens
    .slice(0, last)
    .filter(
      (token, at) =>
        roleOf(token) === 'not' && !tokens.slice(0, at).some((earlier) => earlier.kind === 'metric'),
    );
}

/** Whom to tell: "page the on-call", "alert #payments". Up to four unknown words after the order. */
function recipients(tokens: readonly Token[]): readonly Token[] {
  return tokens.flatMap((token, at) => {
    if (token.kind !== 'word' || token.sense.role !== 'act' || token.sense.act !== 'notify') return [];
    const stop = tokens.findIndex((next, index) => index > at && !isRecipient(next));
    return tokens.slice(at + 1, stop === -1 ? tokens.length : stop).slice(0, 6);
  });
}

function isRecipient(token: Token): boolean {
  const recipient: readonly Role[] = ['strange', 'the', 'plain', 'noun', 'on', 'in'];
  return (
    isMark(token, 'other', 'dash') ||
    token.kind === 'audience' ||
    (recipient.includes(roleOf(token) ?? 'turn') && !isWord(token, 'that'))
  );
}
