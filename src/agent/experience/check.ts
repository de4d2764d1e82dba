import type { ProposedCheck } from '../../core/plan/proposal.ts';
import { SIGNAL_KINDS } from '../../core/plan/signal-kinds.ts';
import type { CodeLine } from '../code/changed-code.ts';
import type { Recognised } from './recognise.ts';
import type { Said, Traits } from './traits.ts';

const MOST_WORDS = 3;
const MOST_PLACES = 5;

/**
 * The check of a signal that no detector draws by itself. Its reason names the words by which the change was recognised, or what a
 * detector says that this signal goes with. Null where nothing of the change can be pointed at.
 */
export function checkFromExperience(
  { kind, traits: names }: Recognised,
  traits: Traits,
  said: readonly Said[],
): ProposedCheck | null {
  const reason = reasonOf(names, traits, said);
  if (reason === null) return null;
  return {
    signalKind: kind,
    intent: 'guard',
    direction: SIGNAL_KINDS[kind].worse,
    flags: [],
    why: `${reason.why}.`,
    evidence: reason.evidence,
    proposedBy: 'rule:experience',
  };
}

function reasonOf(names: readonly string[], traits: Traits, said: readonly Said[]) {
  const words = names.filter((name) => (traits.get(name)?.lines.length ?? 0) > 0);
  const shown = words.filter((name) => name.startsWith('word ')).slice(0, MOST_WORDS);
  const places = placesOf(
    (shown.length > 0 ? shown : words).flatMap((name) => traits.get(name)?.lines ?? []),
  );
  const other = said.find(({ check, detector }) => {
    const first = names.find((name) => !name.startsWith('word ') && !name.startsWith('stem '));
    return first === `says ${check.signalKind}` || first?.startsWith(`from ${detector.id}`) === true;
  });
  const leads = names[0];
  const isBySaying = leads !== undefined && !leads.startsWith('word ') && !leads.startsWith('stem ');
  if (other !== undefined && (isBySaying || shown.length === 0)) {
    return {
      why: `${other.check.why}, and this signal often shows it as well`,
      evidence: other.check.evidence,
    };
  }
  const [first] = places;
  if (first === undefined) return null;
  const quoted = shown.map((name) => `"${name.slice('word '.length)}"`);
  const what = quoted.length === 0 ? 'changes code' : `changes what has to do with ${listed(quoted)}`;
  return { why: `${first} ${what}, as changes do that this signal was watched for`, evidence: places };
}

function placesOf(lines: readonly CodeLine[]): readonly string[] {
  return [...new Set(lines.map(({ at }) => at))].slice(0, MOST_PLACES);
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
