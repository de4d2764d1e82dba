import type { Moments } from './sample.ts';

export const NO_MOMENTS: Moments = { n: 0, y: 0, yy: 0, z: 0, zz: 0, yz: 0 };

export function plusMoments(a: Moments, b: Moments): Moments {
  return {
    n: a.n + b.n,
    y: a.y + b.y,
    yy: a.yy + b.yy,
    z: a.z + b.z,
    zz: a.zz + b.zz,
    yz: a.yz + b.yz,
  };
}
