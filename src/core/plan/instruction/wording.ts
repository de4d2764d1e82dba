import type { Clause } from './clause.ts';
import { isElsewhere } from './foreign.ts';
import { hasRole, roleOf, type Token } from './token.ts';

/** Words of a delegation that hand a decision over, beside those that ask to leave checks out. */
const JUDGING =
  /judge?ment|fit|like|think|call|up to you|decide|sense|looks?|feels|seems|wrong|appropriate|need|necessary|ready|reasonable/;

const RETRACTING =
  /never ?mind|scratch|strike|take|kidding|joking|second thought|forget|i mean|correction|make that|not really/;

/**
 * What to ask the writer about a clause that was left unread, where more can be said than that it was; null elsewhere.
 * The words themselves stand in `unread` as well.
 */
export function questionAbout(clause: Clause): string | null {
  const words = `“${clause.words.replace(/\s+/g, ' ')}”`;
  const { tokens } = clause;
  if (hasRole(tokens, 'inject'))
    return `${words} asks to set other words aside, so nothing from there on is read. Does it belong in this instruction, or should it be taken out?`;
  const delegation = tokens.find((token) => roleOf(token) === 'delegate');
  if (delegation?.kind === 'word') return delegated(words, delegation.word);
  if (isForeign(tokens))
    return `${words} is not in English, and only English is read. What does it say in English, or should it be left out?`;
  if (clause.isAsked) return `${words} is a question. Is it meant as an order, or should it be left out?`;
  const order = tokens.findIndex((token) => isOrder(token));
  if (order !== -1 && hasRole(tokens.slice(0, order), 'not'))
    return `${words} forbids what a rule may do, and no required check is loosened by words. Should that metric hold instead, or have no rule from this instruction at all?`;
  return null;
}

function delegated(words: string, word: string): string {
  if (RETRACTING.test(word))
    return `${words} takes something back. Does it undo the words before it, all of them or some, or do they stand?`;
  if (JUDGING.test(word))
    return `${words} leaves it to judgement, and arithmetic decides here. Which metric, at which value, and should it hold or roll back?`;
  return `${words} asks to leave checks out, and no instruction loosens a required one. Should it be taken out, or did it mean one rule of this text?`;
}

function isOrder(token: Token): boolean {
  return token.kind === 'word' && token.sense.role === 'act' && token.sense.act === 'rollback';
}

/** Two words of another language, or letters English does not have. */
function isForeign(tokens: readonly Token[]): boolean {
  const strange = tokens.flatMap((token) =>
    token.kind === 'word' && token.sense.role === 'strange' ? [token.word] : [],
  );
  const isOther = strange.some((word) => /[^\x20-\x7e]/.test(word));
  return isOther || (strange.length > 1 && strange.some(isElsewhere));
}
