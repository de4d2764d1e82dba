import type { ProposedCheck } from '../../core/plan/proposal.ts';
import { SIGNAL_KINDS } from '../../core/plan/signal-kinds.ts';
import type { Drawn } from '../drawing.ts';
import type { Recognised } from './recognise.ts';
import { type Traits, traitsOfSaying } from './traits.ts';

const MOST_WORDS = 3;
const MOST_PLACES = 5;

/**
 * The check of a signal that no detector draws by itself. Its reason names the words by which the change was recognised, or what a
 * detector says that this signal goes with, whichever weighs more. Null where nothing of the change can be pointed at.
 */
export function checkFromExperience(
  { kind, traits: names }: Recognised,
  traits: Traits,
  drawn: readonly Drawn[],
): ProposedCheck | null {
  const reason = isOfWords(names[0])
    ? (byWords(names, traits) ?? bySaying(names, drawn))
    : (bySaying(names, drawn) ?? byWords(names, traits));
  if (reason === null) return null;
  return {
    signalKind: kind,
    intent: 'guard',
    direction: SIGNAL_KINDS[kind].worse,
    flags: [],
    why: `${reason.what}; changes like it need this signal watched.`,
    evidence: reason.places.slice(0, MOST_PLACES),
    proposedBy: 'rule:experience',
  };
}

interface Reason {
  readonly what: string;
  readonly places: readonly string[];
}

function isOfWords(name: string | undefined): boolean {
  return name?.startsWith('word ') === true || name?.startsWith('stem ') === true;
}

/** The words that weigh most, of those that stand on changed lines; where only beginnings are known, those. */
function byWords(names: readonly string[], traits: Traits): Reason | null {
  const changed = names.filter((name) => isOfWords(name) && linesOf(name).length > 0);
  const whole = changed.filter((name) => name.startsWith('word '));
  const shown = (whole.length > 0 ? whole : changed).slice(0, MOST_WORDS);
  const places = [...new Set(shown.flatMap(linesOf))];
  const [first] = places;
  if (first === undefined) return null;
  const quoted = shown.map((name) => `"${name.slice('word '.length)}${name.startsWith('stem ') ? '…' : ''}"`);
  return { what: `${first} changes what has to do with ${listed(quoted)}`, places };

  function linesOf(name: string): readonly string[] {
    return (traits.get(name)?.lines ?? []).map(({ at }) => at);
  }
}

/** What a detector says that weighs most. */
function bySaying(names: readonly string[], drawn: readonly Drawn[]): Reason | null {
  const first = names.find((name) => !isOfWords(name)) ?? '';
  const found = drawn.find((each) => traitsOfSaying(each).includes(first));
  return found === undefined ? null : { what: found.check.why, places: found.check.evidence };
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
