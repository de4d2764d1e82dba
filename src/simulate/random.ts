/** A seeded source of chance: the same seed gives the same numbers on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  poisson(mean: number): number;
  binomial(n: number, p: number): number;
  normal(): number;
  /** Mean `shape`, variance `shape`. */
  gamma(shape: number): number;
}

/** sfc32 seeded by splitmix32: small, fast, and good enough for worlds (PractRand; Doty-Humphrey 2010). */
export function randomFrom(seed: number): Random {
  let [a, b, c, d] = [mix(seed), mix(seed + 1), mix(seed + 2), 1];
  const next = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4_294_967_296;
  };
  for (let warm = 0; warm < 12; warm++) next();
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return {
    next,
    normal,
    poisson: (mean) => poisson(mean, next, normal),
    binomial: (n, p) => binomial(n, p, next, normal),
    gamma: (shape) => gamma(shape, next, normal),
  };
}

/** Marsaglia & Tsang (2000), for shapes of at least 1; smaller ones by the usual power of a uniform. */
function gamma(shape: number, next: () => number, normal: () => number): number {
  if (shape < 1) return gamma(shape + 1, next, normal) * (1 - next()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = normal();
    const v = (1 + c * z) ** 3;
    if (v > 0 && Math.log(1 - next()) < 0.5 * z * z + d - d * v + d * Math.log(v)) return d * v;
  }
}

function mix(seed: number): number {
  let z = (seed + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) | 0;
}

/** Beyond this mean the normal approximation is used; its error there is far below what any world resolves. */
const LARGE_MEAN = 200;

function poisson(mean: number, next: () => number, normal: () => number): number {
  if (mean > LARGE_MEAN) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
  let count = 0;
  for (let product = next(); product > Math.exp(-mean); product *= next()) count++;
  return count;
}

function binomial(n: number, p: number, next: () => number, normal: () => number): number {
  // The rarer side is the one that is drawn: near certainty, one by one would take as long as there are units.
  if (p > 0.5) return n - binomial(n, 1 - p, next, normal);
  if (n * p > LARGE_MEAN) {
    return Math.min(n, Math.max(0, Math.round(n * p + Math.sqrt(n * p * (1 - p)) * normal())));
  }
  if (p < 0.1) return Math.min(n, poisson(n * p, next, normal));
  let count = 0;
  for (let trial = 0; trial < n; trial++) if (next() < p) count++;
  return count;
}
