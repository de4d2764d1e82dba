import { type FeatureFlag, MemoryStorage } from '@openfeature/flagd-core';
import type { EvaluationContext, Logger } from '@openfeature/server-sdk';
import { sha256 } from '../../ports/digest.ts';
import { type FlagDocument, FlagDocumentInvalid, messageOf } from './flag-document.ts';

/** Attributes of the caller. `targetingKey` (a string) decides the bucket, `audience` (a string) the ring. */
export type FlagContext = Readonly<Record<string, unknown>>;

/** Only OFREP's enumeration; flagd's DEFAULT is not in it. */
type EvaluationReason = 'STATIC' | 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'UNKNOWN';

export type EvaluationErrorCode =
  | 'FLAG_NOT_FOUND'
  | 'TARGETING_KEY_MISSING'
  | 'INVALID_CONTEXT'
  | 'PARSE_ERROR'
  | 'GENERAL';

export type Evaluation =
  | {
      readonly kind: 'value';
      readonly value: unknown;
      readonly variant: string;
      readonly reason: EvaluationReason;
    }
  | { readonly kind: 'error'; readonly errorCode: EvaluationErrorCode; readonly errorDetails: string };

/** An immutable flag set, ready to answer. Evaluation is synchronous and does no I/O. */
export interface CompiledFlags {
  readonly document: FlagDocument;
  readonly keys: readonly string[];
  evaluate(flagKey: string, context: FlagContext): Evaluation;
}

interface Entry {
  readonly flag: FeatureFlag;
  readonly splits: boolean;
  /** The names of our own audience rule: who is in by name, not by bucket. */
  readonly audiences: ReadonlySet<unknown>;
}

const SILENT: Logger = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

/** A bound on the recursive walk through a targeting rule, far above any rule people write. */
const MAX_RULE_DEPTH = 64;

/**
 * Compiles a flag set with flagd's own evaluator, so the same file gives the same answer here and on flagd.
 *
 * Interpreter mode: no `new Function` (about a fifth slower, and allowed under any content or runtime
 * policy). Throws `FlagDocumentInvalid` naming `origin` when flagd's schema or a targeting rule fails.
 */
export function compileFlags(document: FlagDocument, origin: string): CompiledFlags {
  const storage = new MemoryStorage(SILENT, { disableDynamicCodeGeneration: true });
  try {
    storage.setConfigurations(JSON.stringify(document), true);
  } catch (cause) {
    throw new FlagDocumentInvalid({ origin, what: firstLine(messageOf(cause)), cause });
  }
  const entries = new Map<string, Entry>();
  for (const [key, flag] of storage.getFlags()) {
    const targeting = document.flags[key]?.targeting;
    entries.set(key, { flag, splits: mentionsFractional(targeting, 0), audiences: audiencesOf(targeting) });
  }
  return {
    document,
    keys: [...entries.keys()],
    evaluate: (flagKey, context) => evaluate(entries.get(flagKey), flagKey, context),
  };
}

function evaluate(entry: Entry | undefined, flagKey: string, context: FlagContext): Evaluation {
  if (entry === undefined) return failure('FLAG_NOT_FOUND', `no flag ${JSON.stringify(flagKey)}`);
  const { flag } = entry;
  if (flag.state === 'DISABLED') return disabled(flag);
  const { targetingKey } = context;
  if (targetingKey !== undefined && typeof targetingKey !== 'string') {
    return failure('INVALID_CONTEXT', 'targetingKey must be a string');
  }
  const result = flag.evaluate(bucketable(context, targetingKey), SILENT);
  if (result.reason === 'ERROR') {
    return failure(
      result.errorCode === 'PARSE_ERROR' ? 'PARSE_ERROR' : 'GENERAL',
      result.errorMessage ?? 'targeting failed',
    );
  }
  if (result.reason === 'DEFAULT' && entry.splits && !targetingKey) {
    return failure('TARGETING_KEY_MISSING', 'this flag is rolled out by share and needs a targetingKey');
  }
  if (result.value === undefined || result.variant === undefined) {
    return failure('GENERAL', `flag ${JSON.stringify(flagKey)} has no variant for this context`);
  }
  const reason = reasonFor(entry, context, result.reason);
  return { kind: 'value', value: result.value, variant: result.variant, reason };
}

/**
 * A disabled flag still gets its off value in words: an answer without `value` is an error to older
 * providers.
 */
function disabled(flag: FeatureFlag): Evaluation {
  const variant = flag.defaultVariant;
  const value = variant === undefined ? undefined : flag.variants.get(variant);
  if (variant === undefined || value === undefined)
    return failure('GENERAL', 'disabled, with no default variant');
  return { kind: 'value', value, variant, reason: 'DISABLED' };
}

/** flagd reports every targeting hit as TARGETING_MATCH; only the rule tells a share from a name. */
function reasonFor(entry: Entry, context: FlagContext, reason: string): EvaluationReason {
  if (reason === 'STATIC') return 'STATIC';
  if (reason !== 'TARGETING_MATCH') return 'UNKNOWN';
  return entry.splits && !entry.audiences.has(context['audience']) ? 'SPLIT' : 'TARGETING_MATCH';
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is defined by its control characters too
const ASCII = /^[\x00-\x7f]*$/;

/**
 * flagd-core hashes UTF-16 code units where flagd in Go hashes UTF-8 bytes, so a key outside ASCII has two
 * buckets in the world. Here such a key is replaced by the hex SHA-256 of its UTF-8 bytes, which every
 * implementation hashes alike. Keys within ASCII stay as they are, and stay flagd's.
 */
function bucketable(context: FlagContext, targetingKey: string | undefined): EvaluationContext {
  // OpenFeature's type excludes nothing JSON can carry; attributes are data to the rule, never code.
  const attributes = context as EvaluationContext;
  if (targetingKey === undefined || ASCII.test(targetingKey)) return attributes;
  return { ...attributes, targetingKey: sha256(targetingKey) };
}

function mentionsFractional(rule: unknown, depth: number): boolean {
  if (depth > MAX_RULE_DEPTH || rule === null || typeof rule !== 'object') return false;
  if (Array.isArray(rule)) return rule.some((part) => mentionsFractional(part, depth + 1));
  return Object.entries(rule).some(
    ([name, part]) => name === 'fractional' || mentionsFractional(part, depth + 1),
  );
}

function audiencesOf(rule: unknown): ReadonlySet<unknown> {
  const branches = member(rule, 'if');
  const test = Array.isArray(branches) ? member(branches[0], 'in') : undefined;
  if (!Array.isArray(test) || member(test[0], 'var') !== 'audience' || !Array.isArray(test[1]))
    return new Set();
  return new Set(test[1]);
}

function member(value: unknown, name: string): unknown {
  return value !== null && typeof value === 'object'
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

function failure(errorCode: EvaluationErrorCode, errorDetails: string): Evaluation {
  return { kind: 'error', errorCode, errorDetails };
}

const MAX_MESSAGE = 300;

function firstLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, MAX_MESSAGE);
}
