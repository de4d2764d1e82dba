import type { Sample } from '../../core/gate/sample.ts';
import type { Reading, Telemetry } from '../../ports/telemetry.ts';

/**
 * Several sources as one: each signal is read from its own, all at the same time. The joint cursor keeps one cursor a
 * source; a cursor that does not parse starts all of them anew. Histories are merged by time, each source giving what it
 * keeps.
 */
export function joinedTelemetry(
  sources: Readonly<Record<string, Telemetry>>,
  sourceOf: (signal: string) => string,
): Telemetry {
  const shared = (signals: readonly string[]) =>
    [...new Set(signals.map(sourceOf))].map((name) => {
      const source = sources[name];
      if (source === undefined) throw new Error(`no telemetry source "${name}"`);
      return { name, source, own: signals.filter((signal) => sourceOf(signal) === name) };
    });
  return {
    read: async ({ signals, cursor, abort }) => {
      const cursors = parsedCursors(cursor);
      const readings = await Promise.all(
        shared(signals).map(async ({ name, source, own }): Promise<readonly [string, Reading]> => {
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
    history: async (request) => {
      const histories = await Promise.all(
        shared(request.signals).map(({ source, own }) => source.history({ ...request, signals: own })),
      );
      const place = new Map(request.signals.map((signal, at) => [signal, at]));
      const placeOf = ({ signal }: Sample) => place.get(signal) ?? 0;
      return histories.flat().sort((a, b) => a.from - b.from || placeOf(a) - placeOf(b));
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
