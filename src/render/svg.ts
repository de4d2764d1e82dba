/** Own colours on an own background: the same on a light page and on a dark one, and told apart by colour-blind eyes too. */
export const COLOURS = {
  paper: '#fbfaf7',
  ink: '#22262b',
  faint: '#6b7280',
  grid: '#e7e5df',
  frame: '#b9b6ad',
  exposure: '#5b7fb5',
  exposureText: '#46648f',
  canary: '#b3261e',
  stable: '#3d4852',
  hold: '#b7791f',
  rollback: '#7b2d8b',
  safety: '#1b7f5c',
} as const;

/** Where a panel lies, in picture units. */
export interface Frame {
  readonly top: number;
  readonly bottom: number;
}

export type Place = readonly [number, number];

interface TextLook {
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly colour?: string;
  readonly size?: number;
  readonly weight?: number;
}

/** A line of text whose characters can do nothing but be read: controls become a replacement character. */
export function text(x: number, y: number, content: string, look: TextLook = {}): string {
  const size = look.size === undefined ? '' : ` font-size="${look.size}"`;
  const weight = look.weight === undefined ? '' : ` font-weight="${look.weight}"`;
  const anchor = look.anchor === undefined ? '' : ` text-anchor="${look.anchor}"`;
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="${look.colour ?? COLOURS.ink}"${anchor}${size}${weight}>${escaped(content)}</text>`;
}

/** Text as XML takes it. Control characters have no place in XML and become U+FFFD. */
export function escaped(raw: string): string {
  return raw
    .replaceAll(/[\p{Cc}\p{Cs}\u{fffe}\u{ffff}\u{202a}-\u{202e}\u{2066}-\u{2069}]/gu, '\u{fffd}')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** The path through these places. */
export function path(places: readonly Place[]): string {
  return places.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
}

/** A line through places, broken where one is null; what stands alone becomes a dot. */
export function line(places: readonly (Place | null)[], attributes: string): string {
  const parts: Place[][] = [[]];
  for (const place of places) {
    if (place === null) parts.push([]);
    else parts.at(-1)?.push(place);
  }
  const drawn = parts
    .filter((part) => part.length > 0)
    .map((part) => path(part.length === 1 ? [...part, ...part] : part));
  return `<path d="${drawn.join('')}" fill="none" ${attributes} stroke-linejoin="round" stroke-linecap="round"/>`;
}

/** The next of 1, 2, 5 times a power of ten at or above a size. */
export function niceStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  return ([1, 2, 5].find((step) => step * power >= size) ?? 10) * power;
}

const STEPS_MS = [
  1_000, 5_000, 15_000, 30_000, 60_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 10_800_000,
  21_600_000, 43_200_000, 86_400_000, 172_800_000, 604_800_000,
] as const;
const MOST_TICKS = 14;

/** Round times from 0 to the end, at most fourteen steps of them. */
export function tickTimes(endMs: number): readonly number[] {
  const step = STEPS_MS.find((size) => endMs / size <= MOST_TICKS) ?? endMs;
  return Array.from({ length: Math.floor(endMs / step) + 1 }, (_, at) => at * step);
}
