import type { ActualExposure, DesiredExposure, ExposureBackend, WriteStamp } from '../ports/exposure.ts';
import { ExposureUnavailable } from '../ports/exposure.ts';

/** An exposure backend in memory: a switch can make it fail, and every write that took effect is kept. */
export interface MemoryExposure extends ExposureBackend {
  readonly writes: readonly { readonly desired: DesiredExposure; readonly stamp: WriteStamp }[];
  readonly now: DesiredExposure;
  isDown: boolean;
}

export function memoryExposure(): MemoryExposure {
  const writes: { desired: DesiredExposure; stamp: WriteStamp }[] = [];
  const held = (): DesiredExposure => writes.at(-1)?.desired ?? { percent: 0, audiences: [] };
  const backend: MemoryExposure = {
    capabilities: {
      kinds: ['percent', 'audience', 'switch'],
      minStepPercent: 0.001,
      equalControlArm: true,
      checksFence: true,
      propagationSeconds: 0,
    },
    writes,
    isDown: false,
    get now() {
      return held();
    },
    read: async (): Promise<ActualExposure> => {
      if (backend.isDown) throw new ExposureUnavailable({ backend: 'memory', what: 'down' });
      return { ...held(), revision: String(writes.length), writtenBy: writes.at(-1)?.stamp ?? null };
    },
    set: async (desired, stamp) => {
      if (backend.isDown) throw new ExposureUnavailable({ backend: 'memory', what: 'down' });
      const last = writes.at(-1)?.stamp;
      const isOld =
        last !== undefined &&
        last.rolloutId === stamp.rolloutId &&
        (stamp.fence < last.fence || (stamp.fence === last.fence && stamp.seq < last.seq));
      if (isOld) return 'stale';
      writes.push({ desired, stamp });
      return 'ok';
    },
    proveKillSwitch: async () =>
      backend.isDown ? { kind: 'refused', reason: 'the backend is down' } : { kind: 'ready' },
  };
  return backend;
}
