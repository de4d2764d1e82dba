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
