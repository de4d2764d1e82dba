import type { Clock } from '../../ports/clock.ts';
import { digestOf } from '../../ports/digest.ts';
import {
  type ActualExposure,
  type DesiredExposure,
  type ExposureBackend,
  type ExposureCapabilities,
  ExposureUnavailable,
  type KillSwitch,
  type WriteStamp,
} from '../../ports/exposure.ts';
import {
  changedFlags,
  documentDigest,
  EMPTY_DOCUMENT,
  type FlagDefinition,
  type FlagDocument,
  FlagDocumentInvalid,
  formatDocument,
  messageOf,
  parseDocument,
} from './flag-document.ts';
import { type CompiledFlags, compileFlags, type Evaluation, type FlagContext } from './flag-evaluator.ts';
import { fileMark, makeFolderFor, proveReplaceable, readFlagFile, replaceFlagFile } from './flag-file.ts';
import {
  flagFor,
  MIN_STEP_PERCENT,
  readFlag,
  stampOf,
  storable,
  supersededIn,
  weightOf,
} from './flag-layout.ts';
import { admit, type Held, lowers } from './write-rule.ts';

const CAPABILITIES: ExposureCapabilities = {
  kinds: ['percent', 'audience'],
  minStepPercent: MIN_STEP_PERCENT,
  equalControlArm: true,
  checksFence: true,
  propagationSeconds: 1,
};

/** Keys must hash alike in every implementation (ASCII), and fit a URL and a label. */
const FLAG_KEY = /^[\x20-\x7e]{1,200}$/;

export interface FlagChange {
  readonly digest: string;
  /** Flags whose answers may have changed. Never empty. */
  readonly keys: readonly string[];
}

/** One file of flags: written by rollouts, answered from memory, runnable as it is on flagd. */
export interface FlagStore {
  /**
   * The port on one flag. The flag need not be there yet: until `ensure`, reading and writing it is refused.
   */
  backend(flagKey: string): ExposureBackend;
  /** Synchronous, no I/O. Never throws: what cannot be answered is an `error` outcome. */
  evaluate(flagKey: string, context: FlagContext): Evaluation;
  evaluateAll(context: FlagContext): readonly { readonly key: string; readonly evaluation: Evaluation }[];
  keys(): readonly string[];
  /** Creates the flag at 0 % unless it is there, whoever wrote it. Throws `ExposureUnavailable`. */
  ensure(flagKey: string): Promise<void>;
  /** The document in force as served to flagd and to in-process providers, and the SHA-256 of its text. */
  document(): { readonly text: string; readonly digest: string };
  /** Called after each change of answers is in force. Returns the way to stop. */
  onChange(listener: (change: FlagChange) => void): () => void;
  /** Ends after writes under way. Evaluation goes on from memory; writing is refused. */
  close(): Promise<void>;
}

/**
 * Opens the flag file at `path`, creating an empty one where there is none.
 *
 * Throws `FlagDocumentInvalid` for a file that flagd would not run: it is left untouched, for a person to
 * mend. One process writes a file; edits by hand are noticed before each read and write and taken over when
 * they are sound.
 */
export async function openFlagStore(options: {
  readonly path: string;
  readonly clock: Clock;
}): Promise<FlagStore> {
  const { path, clock } = options;
  const reading = await readFlagFile(path);
  if (reading !== null) {
    const compiled = compileFlags(parseDocument(reading.text, path), path);
    return new FileFlagStore({ path, clock, compiled, text: reading.text, mark: reading.mark });
  }
  await makeFolderFor(path);
  const text = formatDocument(EMPTY_DOCUMENT);
  const mark = await replaceFlagFile(path, text);
  return new FileFlagStore({ path, clock, compiled: compileFlags(EMPTY_DOCUMENT, path), text, mark });
}

interface Opened {
  readonly path: string;
  readonly clock: Clock;
  readonly compiled: CompiledFlags;
  readonly text: string;
  readonly mark: string;
}

class FileFlagStore implements FlagStore {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #listeners = new Set<(change: FlagChange) => void>();
  #compiled: CompiledFlags;
  #text: string;
  #digest: string;
  #mark: string | null;
  /** A lowering is in force that the disk refused: the next write must not be taken for a repetition. */
  #isUnsaved = false;
  #isClosed = false;
  #tail: Promise<unknown> = Promise.resolve();

  constructor({ path, clock, compiled, text, mark }: Opened) {
    this.#path = path;
    this.#clock = clock;
    this.#compiled = compiled;
    this.#text = text;
    this.#digest = documentDigest(text);
    this.#mark = mark;
  }

  backend(flagKey: string): ExposureBackend {
    return {
      capabilities: CAPABILITIES,
      read: () => this.#inTurn(() => this.#read(flagKey)),
      set: (desired, stamp) => this.#inTurn(() => this.#set(flagKey, desired, stamp)),
      proveKillSwitch: () => this.#inTurn(() => this.#proveKillSwitch(flagKey)),
    };
  }

  evaluate(flagKey: string, context: FlagContext): Evaluation {
    return this.#compiled.evaluate(flagKey, context);
  }

  evaluateAll(context: FlagContext): readonly { readonly key: string; readonly evaluation: Evaluation }[] {
    const compiled = this.#compiled;
    return compiled.keys.map((key) => ({ key, evaluation: compiled.evaluate(key, context) }));
  }

  keys(): readonly string[] {
    return this.#compiled.keys;
  }

  ensure(flagKey: string): Promise<void> {
    return this.#inTurn(async () => {
      if (!FLAG_KEY.test(flagKey)) {
        throw this.#refusal(
          `${JSON.stringify(flagKey)} is not a flag key: 1 to 200 printable ASCII characters`,
        );
      }
      const fault = await this.#takeOverEdits();
      if (this.#flag(flagKey) !== undefined) return;
      if (fault !== null) throw this.#refusal(fault.message, fault);
      const flag = flagFor({
        exposure: { percent: 0, audiences: [] },
        stamp: null,
        superseded: [],
        writtenAt: this.#clock.now(),
      });
      await this.#replace(this.#with(flagKey, flag), { isLowering: false });
    });
  }

  document(): { readonly text: string; readonly digest: string } {
    return { text: this.#text, digest: this.#digest };
  }

  onChange(listener: (change: FlagChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    await this.#tail;
  }

  /** One at a time: a read never falls between another write's check and its rename. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(() => {
      if (this.#isClosed) throw this.#refusal('the flag store is closed');
      return work();
    });
    this.#tail = turn.catch(() => {});
    return turn;
  }

  async #read(flagKey: string): Promise<ActualExposure> {
    const fault = await this.#takeOverEdits();
    if (fault !== null) throw this.#refusal(fault.message, fault);
    const flag = this.#flag(flagKey);
    if (flag === undefined) throw this.#refusal(`there is no flag ${JSON.stringify(flagKey)}`);
    const reading = readFlag(flag);
    if (reading.kind === 'foreign') throw this.#refusal(`flag ${flagKey} is not readable: ${reading.why}`);
    const writtenBy = reading.isDisabled ? null : stampOf(flag);
    return { ...reading.exposure, revision: digestOf(flag), writtenBy };
  }

  async #set(flagKey: string, desired: DesiredExposure, stamp: WriteStamp): Promise<'ok' | 'stale'> {
    const wrong = faultIn(desired);
    if (wrong !== null) throw this.#refusal(wrong);
    const fault = await this.#takeOverEdits();
    const flag = this.#flag(flagKey);
    if (flag === undefined) throw this.#refusal(`there is no flag ${JSON.stringify(flagKey)}`);
    const target = storable(desired);
    const held = heldBy(flag);
    const isLowering = lowers(held.exposure, target);
    const obstacle = obstacleTo(flag, isLowering) ?? (isLowering ? null : (fault?.message ?? null));
    if (obstacle !== null) throw this.#refusal(`flag ${flagKey} was left as it is: ${obstacle}`, fault);
    const admission = admit(held, target, stamp);
    if (admission === 'stale') return 'stale';
    if (admission === 'unchanged' && !this.#isUnsaved) return 'ok';
    const record = {
      exposure: target,
      stamp,
      superseded: supersededAfter(held, stamp),
      writtenAt: this.#clock.now(),
    };
    await this.#replace(this.#with(flagKey, flagFor(record)), { isLowering });
    return 'ok';
  }

  async #proveKillSwitch(flagKey: string): Promise<KillSwitch> {
    const flag = this.#flag(flagKey);
    if (flag === undefined)
      return { kind: 'refused', reason: `there is no flag ${JSON.stringify(flagKey)} in ${this.#path}` };
    const obstacle = obstacleTo(flag, true);
    if (obstacle !== null) return { kind: 'refused', reason: `flag ${flagKey}: ${obstacle}` };
    try {
      await proveReplaceable(this.#path);
      return { kind: 'ready' };
    } catch (cause) {
      return { kind: 'refused', reason: `${this.#path} cannot be replaced: ${messageOf(cause)}` };
    }
  }

  /**
   * The file as people have left it becomes the document in force. An unsound edit is returned, not thrown:
   * it stops every raise until it is mended, and never a lowering, which is written over it.
   */
  async #takeOverEdits(): Promise<FlagDocumentInvalid | null> {
    try {
      if ((await fileMark(this.#path)) === this.#mark) return null;
      const reading = await readFlagFile(this.#path);
      if (reading === null) {
        // Deleted under us: what is in force stays in force, and the next write puts it back.
        this.#isUnsaved = true;
        this.#mark = null;
        return null;
      }
      const compiled = compileFlags(parseDocument(reading.text, this.#path), this.#path);
      this.#mark = reading.mark;
      this.#isUnsaved = false;
      this.#putInForce(compiled, reading.text);
      return null;
    } catch (cause) {
      if (cause instanceof FlagDocumentInvalid) return cause;
      throw this.#refusal(`cannot be read: ${messageOf(cause)}`, cause);
    }
  }

  /**
   * Disk first, then memory: what is answered is what a restart would answer. The one exception is a lowering
   * the disk refuses: it is put in force all the same, since a full disk must not keep users exposed, and the
   * caller is told.
   */
  async #replace(document: FlagDocument, { isLowering }: { readonly isLowering: boolean }): Promise<void> {
    const compiled = compileFlags(document, this.#path);
    const text = formatDocument(document);
    try {
      this.#mark = await replaceFlagFile(this.#path, text);
      this.#isUnsaved = false;
    } catch (cause) {
      if (!isLowering) throw this.#refusal(`could not be written: ${messageOf(cause)}`, cause);
      this.#isUnsaved = true;
      this.#putInForce(compiled, text);
      const what = `lowered in memory, but could not be written: ${messageOf(cause)}. A restart would undo it`;
      throw this.#refusal(what, cause);
    }
    this.#putInForce(compiled, text);
  }

  #putInForce(compiled: CompiledFlags, text: string): void {
    const keys = changedFlags(this.#compiled.document, compiled.document);
    this.#compiled = compiled;
    this.#text = text;
    this.#digest = documentDigest(text);
    if (keys.length === 0) return;
    const change = { digest: this.#digest, keys };
    // A listener's bug must not turn a write that happened into one that failed.
    for (const listener of this.#listeners) queueMicrotask(() => listener(change));
  }

  #flag(flagKey: string): FlagDefinition | undefined {
    const { flags } = this.#compiled.document;
    return Object.hasOwn(flags, flagKey) ? flags[flagKey] : undefined;
  }

  #with(flagKey: string, flag: FlagDefinition): FlagDocument {
    const { document } = this.#compiled;
    return { ...document, flags: { ...document.flags, [flagKey]: flag } };
  }

  #refusal(what: string, cause?: unknown): ExposureUnavailable {
    return new ExposureUnavailable({ backend: `embedded flags (${this.#path})`, what, cause });
  }
}

function faultIn({ percent, audiences }: DesiredExposure): string | null {
  if (!(percent >= 0 && percent <= 100)) return `${percent} % is not an exposure: 0 to 100`;
  if (percent > 0 && weightOf(percent) === 0)
    return `${percent} % is below the finest step, ${MIN_STEP_PERCENT} %`;
  return audiences.includes('') ? 'an audience has no name' : null;
}

/**
 * What stands in the way of a write, in words, or null. A kill passes wherever it would not break a flag of
 * another shape.
 */
function obstacleTo(flag: FlagDefinition, isLowering: boolean): string | null {
  const reading = readFlag(flag);
  if (reading.kind === 'foreign') return isLowering && reading.mayKill ? null : reading.why;
  if (reading.isDisabled && !isLowering) return 'it was DISABLED by hand; set its state to ENABLED to go on';
  return null;
}

function heldBy(flag: FlagDefinition): Held {
  const reading = readFlag(flag);
  const exposure = reading.kind === 'known' ? reading.exposure : null;
  return { exposure, stamp: stampOf(flag), superseded: supersededIn(flag) };
}

function supersededAfter({ stamp: held, superseded }: Held, stamp: WriteStamp): readonly string[] {
  if (held === null || held.rolloutId === stamp.rolloutId) return superseded;
  return [...superseded.filter((id) => id !== held.rolloutId), held.rolloutId];
}
