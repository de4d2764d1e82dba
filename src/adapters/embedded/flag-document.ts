import * as z from 'zod';
import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import { sha256 } from '../../ports/digest.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const flagSchema = z.looseObject({
  state: z.enum(['ENABLED', 'DISABLED']),
  variants: z.record(z.string(), z.json()),
  defaultVariant: z.string().nullish(),
  targeting: z.json().optional(),
  metadata: z.record(z.string(), scalar).optional(),
});

const documentSchema = z.looseObject({ flags: z.record(z.string(), flagSchema) });

/** One flag in flagd's format. Members Sluice does not know are kept as they are. */
export interface FlagDefinition {
  readonly state: 'ENABLED' | 'DISABLED';
  readonly variants: Readonly<Record<string, Json>>;
  readonly defaultVariant?: string | null | undefined;
  readonly targeting?: Json | undefined;
  readonly metadata?: Readonly<Record<string, string | number | boolean>> | undefined;
  readonly [other: string]: unknown;
}

/** A flag set in flagd's format: the file Sluice keeps, flagd runs and `GET /flags/flagd.json` answers. */
export interface FlagDocument {
  readonly flags: Readonly<Record<string, FlagDefinition>>;
  readonly [other: string]: unknown;
}

/** What a new file holds. */
export const EMPTY_DOCUMENT: FlagDocument = { $schema: 'https://flagd.dev/schema/v0/flags.json', flags: {} };

/** The text is not a flag set that flagd would run. `message` says where it is wrong and what to do. */
export class FlagDocumentInvalid extends Error {
  override readonly name = 'FlagDocumentInvalid';
  readonly code = 'flag_document_invalid';
  /** The path or URL the text came from. */
  readonly origin: string;
  constructor(details: { readonly origin: string; readonly what: string; readonly cause?: unknown }) {
    super(
      `${details.origin} is not a flag set in flagd's format: ${details.what}. ` +
        'Nothing was changed. Restore it from a copy, or move it away to begin with no flags.',
      { cause: details.cause },
    );
    this.origin = details.origin;
  }
}

/**
 * Text to flag set: JSON of the right shape. Whether each targeting rule holds is `compileFlags`' question.
 * Throws `FlagDocumentInvalid` naming `origin`.
 */
export function parseDocument(text: string, origin: string): FlagDocument {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FlagDocumentInvalid({ origin, what: messageOf(cause), cause });
  }
  const parsed = documentSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'the document' : issue.path.join('.');
  throw new FlagDocumentInvalid({
    origin,
    what: `${where}: ${issue?.message ?? 'wrong shape'}`,
    cause: parsed.error,
  });
}

/** The bytes that are stored and served. Indented, because people read and diff this file. */
export function formatDocument(document: FlagDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The name of one stored text: SHA-256 of its bytes, hex. Serves as ETag and as the stream's event id. */
export function documentDigest(text: string): string {
  return sha256(text);
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/**
 * Keys of flags whose answer may differ between two documents: added, removed or redefined. Metadata answers
 * nothing.
 */
export function changedFlags(before: FlagDocument | null, after: FlagDocument): readonly string[] {
  const old = before?.flags ?? {};
  const keys = new Set([...Object.keys(old), ...Object.keys(after.flags)]);
  return [...keys].filter((key) => answerText(old[key]) !== answerText(after.flags[key]));
}

function answerText(flag: FlagDefinition | undefined): string {
  return flag === undefined ? '' : canonicalJson({ ...flag, metadata: undefined });
}
