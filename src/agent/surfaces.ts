import type { PathClass } from './diff/path-class.ts';

/** Folders that hold one product area each. */
const AREA_FOLDERS: ReadonlySet<string> = new Set([
  'services',
  'packages',
  'apps',
  'modules',
  'domains',
  'features',
  'cmd',
]);
/** Folders that say what kind of code is in them, not which product area. */
const LAYER_FOLDERS: ReadonlySet<string> = new Set(
  `src lib libs app api server internal pkg core common shared utils util helpers config http main java kotlin python com
   org io net routes handlers controllers middleware models db database migrations migrate services clients client types
   components ui pages public static assets`.split(/\s+/),
);
/** Files of these classes belong to a product area but say nothing of what a user meets. */
const SILENT: ReadonlySet<PathClass> = new Set(['docs', 'ci', 'test', 'lock', 'generated']);
const MAX_SURFACES = 8;
const MAX_SURFACE_CHARS = 40;

/**
 * The product areas of changed files, from their paths: "services/checkout/src/pay.ts" and "src/checkout/pay.ts" are
 * both "checkout". Sorted; at most eight.
 */
export function surfacesOf(
  files: readonly { readonly path: string; readonly pathClass: PathClass }[],
): readonly string[] {
  const areas = files.flatMap(({ path, pathClass }) => (SILENT.has(pathClass) ? [] : areaOf(path)));
  return [...new Set(areas)].sort().slice(0, MAX_SURFACES);
}

function areaOf(path: string): readonly string[] {
  const folders = path.toLowerCase().split('/').slice(0, -1);
  const marker = folders.findIndex((folder) => AREA_FOLDERS.has(folder));
  const candidates = marker >= 0 && marker + 1 < folders.length ? folders.slice(marker + 1) : folders;
  const area = candidates.find((folder) => !LAYER_FOLDERS.has(folder) && /^[a-z][a-z0-9_-]*$/.test(folder));
  return area === undefined || area.length > MAX_SURFACE_CHARS ? [] : [area];
}
