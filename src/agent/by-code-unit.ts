/** Orders names by code unit, so that no locale changes a plan. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
