import { type Atom, CLOUD_REGION, isTightDash, scanAtoms } from './atoms.ts';
import { atQuantile, metricPhrases, namedMetric, spokenMetric } from './metrics.ts';
import { quantityAt } from './numbers.ts';
import { correctSpelling } from './spelling.ts';
import { timeAt } from './times.ts';
import type { Metric, Token } from './token.ts';
import { phrases, senseOf } from './vocabulary.ts';

/** A stretch of text that nothing joins to the next: a sentence, a list item, a heading. */
export interface Sentence {
  readonly tokens: readonly Token[];
  readonly isItem: boolean;
  readonly isHeading: boolean;
}

/** Audiences that people name without saying what they are. */
const AUDIENCES: ReadonlyMap<string, string> = new Map(
  (
    'internal:internal|internal users:internal|internal traffic:internal|internal staff:internal|internal accounts:internal|internal testers:internal|internal team:internal|' +
    'internally:internal|employees:employees|our employees:employees|staff:staff|our staff:staff|beta:beta|beta users:beta|beta testers:beta|beta customers:beta|beta group:beta|' +
    'alpha:alpha|alpha users:alpha|dogfood:dogfood|dogfooders:dogfood|insiders:insiders|early adopters:early-adopters|power users:power-users|free users:free|' +
    'free tier:free|free customers:free|paid users:paid|paying users:paying|paying customers:paying|paid customers:paid|enterprise:enterprise|enterprise customers:enterprise|' +
    'enterprise users:enterprise|premium users:premium|premium customers:premium|canary ring:canary|qa:qa|qa team:qa|friends and family:friends-and-family|pilot:pilot|pilot customers:pilot|' +
    'pilot users:pilot|test users:test-users|testers:testers|developers:developers|engineers:engineers|engineering:engineering|the team:team|our team:team|early access:early-access|early access users:early-access|' +
    'opted in users:opted-in|opt in users:opt-in|new users:new-users|trial users:trial|logged in users:logged-in'
  )
    .split('|')
    .map((pair) => pair.split(':') as [string, string]),
);

/** What an unknown word before or after one of these names: "gold tier", "ring 1", "region us-east-1". */
const AUDIENCE_NOUNS: ReadonlySet<string> = new Set([
  'ring',
  'tier',
  'region',
  'cohort',
  'zone',
  'country',
  'market',
  'cluster',
]);

/** The longest listed phrase, in words. */
const MAX_PHRASE = 8;

const STARTS: ReadonlySet<string> = new Set(
  [...phrases(), ...metricPhrases(), ...AUDIENCES.keys()].map((phrase) => phrase.split(' ')[0] ?? ''),
);

/** Reads a text into sentences of typed tokens, each with its place in the source. */
export function readWords(text: string): readonly Sentence[] {
  const sentences: Sentence[] = [];
  let tokens: Token[] = [];
  let head = { isItem: false, isHeading: false };
  const end = () => {
    if (tokens.length > 0) sentences.push({ tokens: withQuantiles(inverted(tokens), text), ...head });
    tokens = [];
  };
  const atoms = scanAtoms(text).map(spelled);
  let at = 0;
  while (at < atoms.length) {
    const atom = atoms[at];
    if (atom === undefined) break;
    if (atom.kind === 'line') {
      if (breaks(atom, atoms[at + 1], tokens.at(-1), head.isHeading)) {
        end();
        head = { isItem: atom.isItem, isHeading: atom.isHeading };
      }
      at += 1;
      continue;
    }
    const { token, next } = tokenAt(atoms, at);
    tokens.push(token);
    at = next;
    if (token.kind === 'mark' && token.mark === 'stop') {
      end();
      head = { isItem: head.isItem, isHeading: false };
    }
  }
  end();
  return sentences;
}

/**
 * A line break ends a sentence at a blank line, a list item or a heading, and where a line that ended in a value is
 * followed by one that starts anew. Text wrapped by an editor runs on.
 */
function breaks(
  line: Atom & { kind: 'line' },
  next: Atom | undefined,
  last: Token | undefined,
  wasHeading: boolean,
): boolean {
  if (line.isBlank || line.isItem || line.isHeading || wasHeading || last === undefined || next === undefined)
    return true;
  if (last.kind === 'mark') return last.mark === 'colon' || last.mark === 'other';
  if (next.kind === 'digits') return last.kind !== 'word';
  if (next.kind !== 'word' || !/^\p{Lu}/u.test(next.text)) return false;
  return last.kind !== 'word' || startsSentence(next.word);
}

function startsSentence(word: string): boolean {
  const role = senseOf(word)?.role;
  return (
    role !== undefined &&
    ['act', 'go', 'begin', 'if', 'ask', 'keep', 'require', 'not', 'only', 'dwell', 'avoid'].includes(role)
  );
}

function tokenAt(atoms: readonly Atom[], at: number): { readonly token: Token; readonly next: number } {
  const spoken = percentileAt(atoms, at);
  if (spoken !== null) return spoken;
  const time = timeAt(atoms, at);
  const quantity = quantityAt(atoms, at);
  const phrase = phraseAt(atoms, at);
  const best = [phrase, quantity, time]
    .filter((found) => found !== null)
    .reduce<{ token: Token; next: number } | null>((a, b) => (a !== null && a.next > b.next ? a : b), null);
  return best ?? loneAt(atoms, at);
}

/** "95th percentile" */
function percentileAt(
  atoms: readonly Atom[],
  at: number,
): { readonly token: Token; readonly next: number } | null {
  const digits = atoms[at];
  const isSpoken = wordOf(atoms[at + 1]) === 'th' && wordOf(atoms[at + 2]) === 'percentile';
  if (digits?.kind !== 'digits' || digits.value === null || !isSpoken || digits.value >= 100) return null;
  const to = atoms[at + 2]?.to ?? digits.to;
  return { token: { kind: 'quantile', value: digits.value, from: digits.from, to }, next: at + 3 };
}

/** The longest listed phrase that starts here. A tight hyphen inside it counts as a space. */
function phraseAt(
  atoms: readonly Atom[],
  at: number,
): { readonly token: Token; readonly next: number } | null {
  const first = atoms[at];
  const opening = first === undefined ? null : wordOf(first);
  if (
    first === undefined ||
    opening === null ||
    !(STARTS.has(opening) || STARTS.has(opening.replace(/'s$/, '')))
  )
    return null;
  let phrase = opening;
  let found: { token: Token; next: number } | null = null;
  let next = at + 1;
  for (let words = 1; words <= MAX_PHRASE; words += 1) {
    const to = atoms[next - 1]?.to ?? first.to;
    const token = meaning(phrase, { from: first.from, to });
    if (token !== null) found = { token, next };
    const joint = isTightDash(atoms, next) ? next + 1 : next;
    const word = wordOf(atoms[joint]);
    if (word === null) break;
    phrase = `${phrase} ${word}`;
    next = joint + 1;
  }
  return found;
}

function meaning(phrase: string, span: { from: number; to: number }): Token | null {
  const metric = spokenMetric(phrase);
  if (metric !== undefined) return { kind: 'metric', ...metric, ...span };
  const audience = AUDIENCES.get(phrase);
  if (audience !== undefined) return { kind: 'audience', name: audience, ...span };
  const sense = senseOf(phrase) ?? senseOf(phrase.replace(/'s$/, ''));
  return sense === undefined ? null : { kind: 'word', word: phrase, sense, ...span };
}

function loneAt(atoms: readonly Atom[], at: number): { readonly token: Token; readonly next: number } {
  const atom = atoms[at];
  if (atom === undefined || atom.kind === 'line') throw new RangeError(`no token at atom ${at}`);
  const span = { from: atom.from, to: atom.to };
  const next = at + 1;
  if (atom.kind === 'mark') return { token: { kind: 'mark', mark: atom.mark, ...span }, next };
  if (atom.kind !== 'word') return { token: { kind: 'unclear', ...span }, next };
  return audienceAt(atoms, at) ?? { token: loneWord(atom.word, span), next };
}

/** "gold tier" and "region us-east-1" name an audience by the word that is not the noun. */
function audienceAt(
  atoms: readonly Atom[],
  at: number,
): { readonly token: Token; readonly next: number } | null {
  const first = atoms[at];
  const second = atoms[at + 1];
  if (first?.kind !== 'word' || (second?.kind !== 'word' && second?.kind !== 'digits')) return null;
  const written = second.kind === 'word' ? second.word : second.text;
  const [noun, name] = AUDIENCE_NOUNS.has(first.word) ? [first.word, written] : [written, first.word];
  if (!AUDIENCE_NOUNS.has(noun) || AUDIENCE_NOUNS.has(name) || senseOf(name) !== undefined) return null;
  const token: Token = {
    kind: 'audience',
    name: second.kind === 'digits' ? `${noun}-${name}` : name,
    from: first.from,
    to: second.to,
  };
  return { token, next: at + 2 };
}

function loneWord(word: string, span: { from: number; to: number }): Token {
  const metric = namedMetric(word);
  if (metric !== null) return { kind: 'metric', metric, isAssumed: false, ...span };
  if (CLOUD_REGION.test(word) || /^(?:ring|tier|cohort|cluster)-?\d{1,3}$/.test(word))
    return { kind: 'audience', name: word, ...span };
  const quantile = quantileOf(word);
  if (quantile !== null) return { kind: 'quantile', value: quantile, ...span };
  return { kind: 'word', word, sense: { role: 'strange' }, ...span };
}

/** "p95" and "p99.9"; "p999" is how Prometheus people write the latter. "median" is p50. */
function quantileOf(word: string): number | null {
  if (word === 'median') return 50;
  const digits = /^p(\d{2})(?:\.?(\d{1,2}))?$/.exec(word);
  return digits === null ? null : Number(digits[2] === undefined ? digits[1] : `${digits[1]}.${digits[2]}`);
}

/** "Should error rate exceed 2 points, roll back": a sentence that opens with "should" has a condition there. */
function inverted(tokens: readonly Token[]): readonly Token[] {
  const [first, ...rest] = tokens;
  return first?.kind === 'word' && first.word === 'should'
    ? [{ ...first, sense: { role: 'if' } }, ...rest]
    : tokens;
}

/** Joins a percentile to the latency it belongs to, on either side of it; alone it means the target's own latency. */
function withQuantiles(tokens: readonly Token[], text: string): readonly Token[] {
  const joined: Token[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token === undefined) break;
    const follows = tokens[at + 1];
    if (token.kind === 'quantile') {
      const skip = follows?.kind === 'word' && ['of', 'the'].includes(follows.word) ? 2 : 1;
      const latency = tokens[at + skip];
      const span = { from: token.from, to: latency?.to ?? token.to };
      const metric = metricAt(latency, token.value, text.slice(span.from, span.to));
      if (metric !== null) {
        joined.push({ kind: 'metric', metric, isAssumed: false, ...span });
        at += skip;
      } else
        joined.push({
          kind: 'metric',
          metric: `latency_p${token.value}`,
          isAssumed: false,
          from: token.from,
          to: token.to,
        });
      continue;
    }
    if (token.kind === 'metric' && follows?.kind === 'quantile') {
      const span = { from: token.from, to: follows.to };
      const metric = metricAt(token, follows.value, text.slice(span.from, span.to));
      if (metric !== null && tokens[at + 2]?.kind !== 'metric') {
        joined.push({ kind: 'metric', metric, isAssumed: false, ...span });
        at += 1;
        continue;
      }
    }
    joined.push(token);
  }
  return joined;
}

function metricAt(token: Token | undefined, quantile: number, written: string): Metric | null {
  return token?.kind === 'metric' ? atQuantile(token.metric, quantile, written) : null;
}

function wordOf(atom: Atom | undefined): string | null {
  if (atom?.kind === 'digits') return atom.text;
  return atom?.kind === 'word' ? atom.word : null;
}

function spelled(atom: Atom): Atom {
  return atom.kind === 'word' ? { ...atom, word: correctSpelling(atom.word) } : atom;
}
