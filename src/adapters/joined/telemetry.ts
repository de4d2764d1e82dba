import type { Reading, Telemetry } from '../../ports/telemetry.ts';

/**
 * Several sources as one: each signal is read from its own, all at the same time. The joint cursor keeps one cursor a
 * source; a cursor that does not parse starts all of them anew.
 */
export function joinedTelemetry(
  sources: Readonly<Record<string, Telemetry>>,
  sourceOf: (signal: string) => string,
): Telemetry {
  return {
    read: async ({ signals, cursor, abort }) => {
      const cursors = parsedCursors(cursor);
      const names = [...new Set(signals.map(sourceOf))];
      const readings = await Promise.all(
        names.map(async (name): Promise<readonly [string, Reading]> => {
          const source = sources[name];
          if (source === undefined) throw new Error(`no telemetry source "${name}"`);
          const own = signals.filter((signal) => sourceOf(signal) === name);
          return [name, await source.read({ signals: own, cursor: cursors[name] ?? null, abort })];
        }),
      );
      const samples = readings.flatMap(([, reading]) => reading.samples);
      return {
        samples: signals.flatMap((signal) => samples.filter((sample) => sample.signal === signal)),
        cursor: JSON.stringify({
          ...cursors,
          ...Object.fromEntries(readings.map(([name, reading]) => [name, reading.cursor])),
        }),
      };
    },
  };
}

function parsedCursors(cursor: string | null): Readonly<Record<string, string>> {
  try {
    const parsed: unknown = JSON.parse(cursor ?? '{}');
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, string>) : {};
  } catch {
    return {};
  }
}
