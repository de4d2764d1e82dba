import type { Clause } from './clause.ts';
import type { Line, Reading } from './line.ts';
import { hasRole, isMark, isWord, type Role, roleOf, type Token, weightOf } from './token.ts';

const TIES: ReadonlySet<Role> = new Set([
  'before',
  'each',
  'for',
  'do',
  'on',
  'region',
  'or',
  'until',
  'in',
  'only',
]);

/** "Ask me before going past 50%", "manual approval before every stage". One line for each exposure it names. */
export function readApproval(clause: Clause): Reading | null {
  const { tokens } = clause;
  const barred = readBarred(clause);
  if (barred !== null) return barred;
  const asks = tokens.filter((token) => roleOf(token) === 'ask');
  if (asks.length === 0 || tokens.some(isTooMuch)) return null;
  const befores = tokens.flatMap((token, at): string[] => {
    if (isAsked(tokens, at)) return [];
    if (token.kind === 'percent') return token.value > 0 && token.value <= 100 ? [`${token.value}%`] : [];
    return token.kind === 'audience' ? [`audience:${token.name}`] : [];
  });
  const isEvery = tokens.some(
    (token, at) => roleOf(token) === 'each' && ['stage', 'step'].includes(roleOf(tokens[at + 1]) ?? ''),
  );
  const isTied =
    tokens.some(
      (token) => roleOf(token) === 'before' || isWord(token, 'at', 'to', 'above', 'over', 'beyond'),
    ) || isEvery;
  if (isEvery) befores.push('every stage');
  if (befores.length === 0 || !isTied || (isEvery && befores.length > 1)) return null;
  const claims = new Set<Token>();
  for (const token of tokens) {
    const isExposure =
      token.kind === 'audience' || (token.kind === 'percent' && token.value > 0 && token.value <= 100);
    if (isExposure || roleOf(token) === 'ask' || TIES.has(roleOf(token) ?? 'plain')) claims.add(token);
    if (isMark(token, 'other') && clause.source[token.from] === '@')
      claims.add(token).add(tokens[tokens.indexOf(token) + 1] ?? token);
    if (isPause(tokens, token) || isWaiting(tokens, token)) claims.add(token);
  }
  const lines = [...new Set(befores)].map(
    (before): Line => ({ kind: 'approval', before, phrase: clause.phrase }),
  );
  return { lines, claims };
}

/** "ask the team before beta": an audience between the order and its place is who is asked. */
function isAsked(tokens: readonly Token[], at: number): boolean {
  if (tokens[at]?.kind !== 'audience') return false;
  const order = tokens.findIndex((token) => roleOf(token) === 'ask');
  const place = tokens.findIndex((token) => roleOf(token) === 'before');
  return order !== -1 && order < at && at < place;
}

/** "Never go past 25% without my approval", "never promote automatically past 50%": beyond it a person decides. */
function readBarred(clause: Clause): Reading | null {
  const { tokens } = clause;
  const nots = tokens.filter((token) => roleOf(token) === 'not');
  const past = tokens.findIndex((token) => isWord(token, 'past', 'beyond', 'above', 'over'));
  const percent = tokens[past + 1];
  const asks = tokens.filter((token) => roleOf(token) === 'ask');
  const without = tokens.filter((token) => isWord(token, 'without'));
  const goes = tokens.some((token) => roleOf(token) === 'go');
  const isByItself = tokens.some((token) => isWord(token, 'automatically'));
  const isLifted =
    without.length === 1 && asks.length === 1
      ? !isByItself
      : asks.length + without.length === 0 && isByItself;
  if (nots.length !== 1 || past === -1 || !goes || !isLifted || percent?.kind !== 'percent') return null;
  if (percent.value <= 0 || percent.value > 100) return null;
  const claims = new Set<Token>([...nots, tokens[past] as Token, percent, ...asks, ...without]);
  return { lines: [{ kind: 'approval', before: `${percent.value}%`, phrase: clause.phrase }], claims };
}

/** "Pause at 50% and wait for approval": the clause opens with the order that the approval lifts. */
function isPause(tokens: readonly Token[], token: Token): boolean {
  return roleOf(token) === 'act' && token === tokens.find((other) => weightOf(other) !== 'free');
}

/** "until I approve" */
function isWaiting(tokens: readonly Token[], token: Token): boolean {
  const next = tokens.slice(tokens.indexOf(token) + 1).find((other) => roleOf(other) !== 'plain');
  return roleOf(token) === 'until' && roleOf(next) === 'ask';
}

/** "Keep 5% on the old version", "a 5% holdback": units that stay behind after 100%. */
export function readHoldback(clause: Clause): Reading | null {
  const { tokens } = clause;
  const percents = tokens.filter((token) => token.kind === 'percent');
  const [percent] = percents;
  const isNamed = tokens.some((token) => roleOf(token) === 'holdback');
  const isKept =
    tokens.some((token) =>
      isWord(
        token,
        'keep',
        'keeps',
        'kept',
        'leave',
        'leaves',
        'leave on',
        'stays',
        'stay',
        'remain',
        'remains',
      ),
    ) && hasRole(tokens, 'against');
  if (
    percent === undefined ||
    tokens.some((token) => token.kind === 'metric') ||
    percents.length > 1 ||
    (!isNamed && !isKept)
  )
    return null;
  if (percent.value <= 0 || percent.value >= 100 || hasRole(tokens, 'not') || hasRole(tokens, 'if'))
    return null;
  const claims = new Set<Token>([percent]);
  for (const token of tokens) {
    if (['against', 'holdback', 'on', 'keep', 'breach', 'in', 'after'].includes(roleOf(token) ?? ''))
      claims.add(token);
    if (isWord(token, 'as', 'permanently', 'at the end', 'for the control', 'for comparison'))
      claims.add(token);
    if (roleOf(token) === 'for' && roleOf(tokens[tokens.indexOf(token) + 1]) === 'the') claims.add(token);
  }
  return { lines: [{ kind: 'holdback', exposure: `${percent.value}%`, phrase: clause.phrase }], claims };
}

function isTooMuch(token: Token): boolean {
  if (token.kind === 'word' && token.sense.role === 'act') return token.sense.act !== 'hold';
  return (
    ['not', 'if', 'unless', 'provided', 'turn', 'delegate', 'inject', 'after'].includes(
      roleOf(token) ?? '',
    ) || token.kind === 'metric'
  );
}
