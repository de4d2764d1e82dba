/** What stands where a credential stood. */
const MASK = '[masked]';

/**
 * Forms that credentials are known by. Each has one bounded repetition or one that nothing else can match, so that no text makes
 * them slow. What is kept of a match is its first group: the words that say what was masked.
 */
const SECRETS: readonly RegExp[] = [
  /\b(?:A3T[A-Z0-9]|AKIA|ASIA|AGPA|AROA)[A-Z0-9]{16}\b/g,
  /\bgh[pousr]_[A-Za-z0-9]{20,255}/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,255}/g,
  /\bglpat-[A-Za-z0-9_-]{16,64}/g,
  /\b(?:sk|rk|pk)[-_](?:ant|live|test|proj)[-_][A-Za-z0-9_-]{8,255}/g,
  /\bsk-[A-Za-z0-9]{20,255}/g,
  /\bxox[a-z]-[A-Za-z0-9-]{10,255}/g,
  /\bAIza[A-Za-z0-9_-]{30,60}/g,
  /\bnpm_[A-Za-z0-9]{30,60}/g,
  /\bSG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}/g,
  /\beyJ[A-Za-z0-9_-]{10,400}\.[A-Za-z0-9_-]{4,4000}(?:\.[A-Za-z0-9_-]{0,2000})?/g,
  /\bhttps:\/\/hooks\.slack\.com\/[A-Za-z0-9/_-]{10,200}/g,
  /(\b(?:Bearer|Basic|token)[ \t]{1,4})(?=[^\s]{0,60}\d)[A-Za-z0-9._~+/=-]{12,4000}/gi,
  /(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@'"]{0,100}:)[^\s@/'"]{1,200}(?=@)/gi,
];

/** A name that says its value is secret, an assignment, and a quoted or bare value; a quote may have lost its end. */
const ASSIGNED =
  /((?:password|passwd|passphrase|secret|api[-_]?key|access[-_]?key|private[-_]?key|auth[-_]?token|token|credential)s?["'\]]{0,2}[ \t]{0,8}(?:=>|:=|=|:)[ \t]{0,8})\\?(?:"([^"\n]{4,400})(?:"|$)|'([^'\n]{4,400})(?:'|$)|`([^`\n]{4,400})(?:`|$)|([A-Za-z0-9_+/=.~!@#$%^&*-]{12,400})(?=[\s,;]|$))/gim;

/** Long runs that only a machine writes. A run with no digit, or all of one case and no digit, is a name. */
const LONG_RUN = /[A-Za-z0-9+/_-]{32,}={0,2}/g;

const KEY_BEGINS = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/;
const KEY_ENDS = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY/;
/** A key that never ends is not let hide the rest of a file for ever. */
const MOST_KEY_LINES = 200;

/**
 * The text with what looks like a credential replaced by "[masked]". It errs towards masking: a reader of the change needs to
 * know that a secret is there, never which. In time that grows with the text's length.
 */
export function maskSecrets(text: string): string {
  let masked = withoutKeys(text);
  for (const pattern of SECRETS) {
    masked = masked.replaceAll(
      pattern,
      (_, kept: unknown) => `${typeof kept === 'string' ? kept : ''}${MASK}`,
    );
  }
  masked = masked.replaceAll(ASSIGNED, (whole, kept: string, ...values: unknown[]) =>
    isCode(values[3]) ? whole : `${kept}${MASK}`,
  );
  return masked.replaceAll(LONG_RUN, (run) => (isRandom(run) ? MASK : withoutRandomParts(run)));
}

/** A bare value that is an expression, "config.token" or "process.env.KEY", gives nothing away. */
function isCode(bare: unknown): boolean {
  return typeof bare === 'string' && /^[A-Za-z_$.-]+$/.test(bare);
}

function withoutKeys(text: string): string {
  if (!KEY_BEGINS.test(text)) return text;
  let left = 0;
  return text
    .split('\n')
    .map((line) => {
      const begins = KEY_BEGINS.test(line);
      if (begins) left = MOST_KEY_LINES;
      if (left === 0) return line;
      left = KEY_ENDS.test(line) ? 0 : left - 1;
      return MASK;
    })
    .join('\n');
}

/** A path may hold a digest between its slashes. */
function withoutRandomParts(run: string): string {
  return run
    .split('/')
    .map((part) => (part.length >= 32 && isRandom(part) ? MASK : part))
    .join('/');
}

/** Letters of both cases and digits, or hexadecimal with both kinds, with digits throughout; paths and names have few. */
function isRandom(run: string): boolean {
  const digits = run.replace(/[^0-9]/g, '').length;
  if (digits * 12 < run.length) return false;
  const isMixed = /[a-z]/.test(run) && /[A-Z]/.test(run);
  return isMixed || /^[0-9a-f]+$/i.test(run.replaceAll('-', ''));
}
