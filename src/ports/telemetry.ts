import type { Sample } from '../core/gate/sample.ts';

/** One target's telemetry: signals and cohorts are already bound to a source by configuration. */
export interface Telemetry {
  /**
   * Counts of every named signal, for canary and stable, since the last read whose cursor was kept.
   *
   * A source that does not answer, answers something else, or has no such metric gives samples whose `quality.unusable`
   * says so: absence is evidence too, so this never throws for what the source does. Both cohorts of a signal are read
   * at the same instant. With `cursor` null the read only sets the starting point (`first_read`).
   */
  read(request: TelemetryRequest): Promise<Reading>;

  /**
   * What the stable side counted in the past: usable baselines from before anyone was exposed, oldest first.
   *
   * One sample per named signal and whole window, `from` + k × `windowMs`, none reaching beyond `to` or the present; those of
   * a signal never overlap. A window that could not be read whole says so in its `quality`, as in `read`. A source that
   * keeps no past answers []; what was not read when `abort` ends it is left out, never made up. It starts no counting
   * and moves no cursor: asked again for the same, it answers the same.
   */
  history(request: HistoryRequest): Promise<readonly Sample[]>;
}

export interface HistoryRequest {
  readonly signals: readonly string[];
  /** [from, to), ms since the epoch. */
  readonly from: number;
  readonly to: number;
  /** More than 0. */
  readonly windowMs: number;
  readonly abort: AbortSignal;
}

export interface TelemetryRequest {
  readonly signals: readonly string[];
  /** The `cursor` of the last committed reading, or null. */
  readonly cursor: string | null;
  /** Ends the read early; what has not answered by then is `timeout`. */
  readonly abort: AbortSignal;
}

export interface Reading {
  /** One per signal and cohort, in the order of the request, canary first. */
  readonly samples: readonly Sample[];
  /** Where the next read starts. Opaque; kept by the store with the commit that used these samples, so that a crash between read and commit loses and repeats nothing. */
  readonly cursor: string;
}
