/** What a backend is told to make true: a share of all units, and audiences that are exposed whatever their bucket. */
export interface DesiredExposure {
  /** 0..100. */
  readonly percent: number;
  readonly audiences: readonly string[];
}

/** What the backend says is true now. */
export interface ActualExposure extends DesiredExposure {
  /** Changes with every write, whoever wrote. */
  readonly revision: string;
  /** The write that made it so, when it was ours. */
  readonly writtenBy: WriteStamp | null;
}

/** Names the decision behind a write; a backend refuses a stamp older than the one it holds. */
export interface WriteStamp {
  readonly rolloutId: string;
  /** Stage epoch of the decision that intends the write: grows with every intended change. */
  readonly seq: number;
  readonly fence: number;
}

export interface ExposureCapabilities {
  readonly kinds: readonly ('percent' | 'audience' | 'switch')[];
  /** Finest step in percent of units. */
  readonly minStepPercent: number;
  readonly equalControlArm: boolean;
  /** The backend refuses a write whose stamp is older than the last it took. */
  readonly checksFence: boolean;
  /** Seconds until every connected client follows a change. */
  readonly propagationSeconds: number;
}

/** Whether lowering exposure to nothing would be accepted right now, and why not. */
export type KillSwitch = { readonly kind: 'ready' } | { readonly kind: 'refused'; readonly reason: string };

/** One flag or route in one backend. */
export interface ExposureBackend {
  readonly capabilities: ExposureCapabilities;
  /** Throws `ExposureUnavailable` when the backend cannot be read. */
  read(): Promise<ActualExposure>;
  /**
   * Makes `desired` true; repeating it changes nothing. `stale` when the backend already holds a newer stamp.
   * Throws `ExposureUnavailable` when the outcome is unknown or refused: read back before trusting anything.
   */
  set(desired: DesiredExposure, stamp: WriteStamp): Promise<'ok' | 'stale'>;
  /** Proves, without changing anything, that the kill switch would be taken. */
  proveKillSwitch(): Promise<KillSwitch>;
}

/** The backend could not be read or written. Says nothing about the exposure that is in force. */
export class ExposureUnavailable extends Error {
  override readonly name = 'ExposureUnavailable';
  readonly code = 'exposure_unavailable';
  readonly backend: string;
  constructor(details: { readonly backend: string; readonly what: string; readonly cause?: unknown }) {
    super(`${details.backend}: ${details.what}`, { cause: details.cause });
    this.backend = details.backend;
  }
}
