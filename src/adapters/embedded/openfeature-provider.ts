import { setTimeout as pause } from 'node:timers/promises';
import {
  ErrorCode,
  type EvaluationContext,
  GeneralError,
  type JsonValue,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderEvents,
  type ResolutionDetails,
} from '@openfeature/server-sdk';
import { readEventStream } from './event-stream.ts';
import { changedFlags, messageOf, parseDocument } from './flag-document.ts';
import { type CompiledFlags, compileFlags, type EvaluationErrorCode } from './flag-evaluator.ts';

const FETCH_TIMEOUT_MS = 2_000;
/** Asked this often whatever the stream says: a connection that died without a word looks alive. */
const POLL_MS = 5_000;
/** Three missed heartbeats of Sluice's stream. */
const STREAM_IDLE_MS = 45_000;
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

const ERROR_CODES: Readonly<Record<EvaluationErrorCode, ErrorCode>> = {
  FLAG_NOT_FOUND: ErrorCode.FLAG_NOT_FOUND,
  TARGETING_KEY_MISSING: ErrorCode.TARGETING_KEY_MISSING,
  INVALID_CONTEXT: ErrorCode.INVALID_CONTEXT,
  PARSE_ERROR: ErrorCode.PARSE_ERROR,
  GENERAL: ErrorCode.GENERAL,
};

export interface SluiceProviderOptions {
  /** Where Sluice answers: whatever precedes `/flags` and `/ofrep`. */
  readonly url: string;
  /** For headers, proxies and tests. */
  readonly fetch?: typeof fetch;
}

/**
 * An OpenFeature provider for Node that evaluates in this process: no hop per flag, and answers go on when
 * Sluice is away.
 *
 * The flag set is fetched once, then again at each event of Sluice's stream, after each reconnect, and every
 * 5 s. Before the first one every flag is the caller's default (`PROVIDER_NOT_READY`); `initialize` rejects
 * when Sluice does not answer, and the provider becomes ready by itself when it does. Losing Sluice keeps the
 * last flag set and emits Stale, finding it again Ready. After `onClose` no timer, socket or task is left.
 */
export function sluiceProvider(options: SluiceProviderOptions): Provider {
  return new SluiceProvider(options);
}

type Health = 'starting' | 'ready' | 'lost';

class SluiceProvider implements Provider {
  readonly metadata = { name: 'Sluice' } as const;
  readonly runsOn = 'server';
  readonly events = new OpenFeatureEventEmitter();
  readonly #url: string;
  readonly #fetch: typeof fetch;
  #closing = new AbortController();
  #tasks: readonly Promise<void>[] = [];
  #flags: CompiledFlags | null = null;
  #etag: string | null = null;
  #health: Health = 'starting';
  #refreshing: Promise<void> | null = null;
  #isRefreshAsked = false;

  constructor(options: SluiceProviderOptions) {
    this.#url = options.url.replace(/\/+$/, '');
    this.#fetch = options.fetch ?? fetch;
  }

  async initialize(): Promise<void> {
    await this.onClose();
    this.#closing = new AbortController();
    this.#health = 'starting';
    const first = this.#refresh();
    this.#tasks = [this.#follow(this.#closing.signal), this.#poll(this.#closing.signal)];
    await first;
    if (this.#flags === null)
      throw new GeneralError(`Sluice at ${this.#url} has not answered yet; still trying`);
  }

  async onClose(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#tasks, this.#refreshing]);
    this.#tasks = [];
  }

  async resolveBooleanEvaluation(key: string, byDefault: boolean, context: EvaluationContext) {
    return this.#resolve(key, byDefault, context, (value) => typeof value === 'boolean');
  }

  async resolveStringEvaluation(key: string, byDefault: string, context: EvaluationContext) {
    return this.#resolve(key, byDefault, context, (value) => typeof value === 'string');
  }

  async resolveNumberEvaluation(key: string, byDefault: number, context: EvaluationContext) {
    return this.#resolve(key, byDefault, context, (value) => typeof value === 'number');
  }

  async resolveObjectEvaluation<T extends JsonValue>(key: string, byDefault: T, context: EvaluationContext) {
    return this.#resolve(key, byDefault, context, (value) => typeof value === 'object' && value !== null);
  }

  #resolve<T>(
    flagKey: string,
    byDefault: T,
    context: EvaluationContext,
    isWanted: (value: unknown) => boolean,
  ): ResolutionDetails<T> {
    if (this.#flags === null)
      return failed(byDefault, ErrorCode.PROVIDER_NOT_READY, 'no flag set received yet');
    const evaluation = this.#flags.evaluate(flagKey, context);
    if (evaluation.kind === 'error') {
      return failed(byDefault, ERROR_CODES[evaluation.errorCode], evaluation.errorDetails);
    }
    const { value, variant, reason } = evaluation;
    if (!isWanted(value))
      return failed(byDefault, ErrorCode.TYPE_MISMATCH, `the flag's value is a ${typeof value}`);
    // `isWanted` has just proved it.
    return { value: value as T, variant, reason };
  }

  async #poll(closing: AbortSignal): Promise<void> {
    while (await waited(POLL_MS, closing)) await this.#refresh();
  }

  async #follow(closing: AbortSignal): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    do {
      try {
        await this.#readStream(closing, () => {
          backoffMs = FIRST_BACKOFF_MS;
        });
      } catch {
        // Whatever broke it, the answer is the same: connect again, later each time. Health is told by
        // `#refresh`.
      }
      // A stream that ended is the first sign that Sluice is away: ask now, and not at the next poll.
      void this.#refresh();
      const pauseMs = backoffMs;
      backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
      if (!(await waited(pauseMs, closing))) return;
    } while (!closing.aborted);
  }

  async #readStream(closing: AbortSignal, onAlive: () => void): Promise<void> {
    const idle = new AbortController();
    const watchdog = setTimeout(() => idle.abort(), STREAM_IDLE_MS).unref();
    try {
      const response = await this.#fetch(`${this.#url}/ofrep/v1/events`, {
        headers: { accept: 'text/event-stream' },
        signal: AbortSignal.any([closing, idle.signal]),
      });
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        return;
      }
      // Whatever changed while there was no stream has sent its event to nobody.
      void this.#refresh();
      const alive = () => {
        watchdog.refresh();
        onAlive();
      };
      for await (const event of readEventStream(response.body, alive)) {
        if (event.event === 'message') void this.#refresh();
      }
    } finally {
      clearTimeout(watchdog);
    }
  }

  /**
   * Never rejects. Asked again while under way, it fetches once more afterwards: the first may have been too
   * early.
   */
  #refresh(): Promise<void> {
    this.#isRefreshAsked = true;
    this.#refreshing ??= this.#refreshWhileAsked().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #refreshWhileAsked(): Promise<void> {
    while (this.#isRefreshAsked && !this.#closing.signal.aborted) {
      this.#isRefreshAsked = false;
      try {
        const changed = await this.#fetchFlags();
        this.#found(changed);
      } catch (cause) {
        if (!this.#closing.signal.aborted) this.#lost(messageOf(cause));
      }
    }
  }

  /**
   * Returns the keys whose answers changed. A flag set that does not compile throws and leaves the last in
   * force.
   */
  async #fetchFlags(): Promise<readonly string[]> {
    const url = `${this.#url}/flags/flagd.json`;
    const response = await this.#fetch(url, {
      headers: this.#etag === null ? {} : { 'if-none-match': this.#etag },
      signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]),
    });
    if (response.status === 304) return [];
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`${url} answered ${response.status}`);
    }
    const compiled = compileFlags(parseDocument(await boundedText(response), url), url);
    const changed = changedFlags(this.#flags?.document ?? null, compiled.document);
    this.#flags = compiled;
    this.#etag = response.headers.get('etag');
    return changed;
  }

  #found(changed: readonly string[]): void {
    const before = this.#health;
    this.#health = 'ready';
    if (before === 'lost') this.events.emit(ProviderEvents.Ready, { message: `flags from ${this.#url}` });
    // The first flag set is what Ready says; only later ones are changes.
    if (before !== 'starting' && changed.length > 0) {
      this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: [...changed] });
    }
  }

  #lost(why: string): void {
    const before = this.#health;
    this.#health = 'lost';
    if (before === 'ready') this.events.emit(ProviderEvents.Stale, { message: `last known flags: ${why}` });
  }
}

function failed<T>(value: T, errorCode: ErrorCode, errorMessage: string): ResolutionDetails<T> {
  return { value, reason: 'ERROR', errorCode, errorMessage };
}

/** False when `signal` ended the wait. Keeps no process alive. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await pause(ms, undefined, { signal, ref: false });
    return true;
  } catch {
    return false;
  }
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_DOCUMENT_BYTES) throw new RangeError(`flag set larger than ${MAX_DOCUMENT_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
