import type { CodeHunk, CodeLine } from '../code/changed-code.ts';
import { because, type DetectedCheck, type Detector, guard } from '../detector.ts';
import { nameOf } from '../diff/path-class.ts';
import { SUBSYSTEMS, type Subsystem } from './subsystems.ts';

const BY_PACKAGE: ReadonlyMap<string, Subsystem> = new Map(
  SUBSYSTEMS.flatMap((subsystem) =>
    subsystem.packages
      .trim()
      .split(/\s+/)
      .map((name) => [name, subsystem] as const),
  ),
);
const DEVELOPMENT_FILE = /(?:^|[/_.-])(?:dev|test|tests|lint|docs?|typing|ci)[\w-]*\.(?:txt|in|toml)$/;
/** The head of a section that holds no library the service runs on; any other head ends it. */
const DEVELOPMENT_HEAD =
  /^["'[\s]*(?:dev-?dependencies|require-dev|optional-?dependencies\.(?:dev|test|docs)|tool\.poetry\.(?:group\.(?:dev|test|docs|lint)\.dependencies|dev-dependencies)|dependency-groups|dev|test|tests|lint|docs|build-dependencies|group\s+:(?:development|test)|peerdependencies)\b/i;
const RUNTIME_HEAD =
  /^["'[\s]*(?:dependencies|require|tool\.poetry\.dependencies|project|workspace\.dependencies|engines|scripts|target\.[^\]]*dependencies)["'\]\s]*(?:[:={(]|$)/i;
const DEVELOPMENT_LINE =
  /\b(?:testImplementation|testCompile|testRuntimeOnly|androidTestImplementation|annotationProcessor|kapt|testFixtures|group:\s*:(?:development|test)|groups?:\s*\[?:(?:development|test)|PrivateAssets|<scope>test<)/;
const MAX_LINE_CHARS = 400;
const INDIRECT = /\/\/\s*indirect/;
const VERSION = /\bv?(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?/;

/** Libraries the service runs on, when their version or their presence changes. Development ones do not count. */
export const packageDetector: Detector = {
  id: 'package',
  subject: 'libraries the service runs on',
  risk: 'medium',
  isAlwaysNew: true,
  detect(file) {
    if (file.pathClass !== 'manifest' || DEVELOPMENT_FILE.test(nameOf(file.path))) return [];
    const touched = file.hunks.flatMap((hunk) => runtimeLines(hunk));
    return SUBSYSTEMS.flatMap((subsystem) => {
      const lines = touched.filter((line) => subsystemsOf(line).has(subsystem));
      return lines.length === 0 ? [] : checksOf(subsystem, lines);
    });
  },
};

function checksOf(subsystem: Subsystem, lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const size = stepOf(lines);
  const text = `changes a library that carries ${subsystem.name}${size === null ? '' : ` (${size} version)`}`;
  // A patch that breaks anything breaks what its library is for; a major version may break the rest as well.
  const kinds = size === 'patch' ? subsystem.signals.slice(0, 1) : subsystem.signals;
  const risk = size === 'patch' || size === 'minor' ? 'low' : 'medium';
  return kinds.map((kind) => ({ ...guard(kind, because(lines, text)), risk }));
}

/** Changed lines that stand in no section for development, as far as the hunk shows its head. */
function runtimeLines(hunk: CodeHunk): readonly CodeLine[] {
  return [hunk.after, hunk.before].flatMap((side) => {
    let isDevelopment = DEVELOPMENT_HEAD.test(hunk.heading);
    return side.filter((line) => {
      const text = textOf(line);
      if (DEVELOPMENT_HEAD.test(text) && !/\d/.test(text)) isDevelopment = true;
      else if (RUNTIME_HEAD.test(text) || /^\s*(?:end|\[)/.test(text)) isDevelopment = false;
      const isChanged = line.kind !== 'context' && line.novelty !== 'nothing' && line.novelty !== 'place';
      return isChanged && !isDevelopment && !DEVELOPMENT_LINE.test(text) && !INDIRECT.test(text);
    });
  });
}

/** How far the version goes, by the first removed and the first added line; null when one of them has none. */
function stepOf(lines: readonly CodeLine[]): 'major' | 'minor' | 'patch' | null {
  const versionOf = (kind: CodeLine['kind']) =>
    VERSION.exec(
      textOf(lines.find((line) => line.kind === kind)).replace(/^\W*[@\w/.-]*[a-z][@\w/.-]*/i, ''),
    );
  const [before, after] = [versionOf('removed'), versionOf('added')];
  if (before === null || after === null) return null;
  if (before[1] !== after[1]) return 'major';
  // Before 1.0 the second number is the one that breaks.
  if (before[2] !== after[2]) return before[1] === '0' ? 'major' : 'minor';
  return 'patch';
}

function textOf(line: CodeLine | undefined): string {
  return line?.strings.join(' ').slice(0, MAX_LINE_CHARS) ?? '';
}

/** Names are looked up whole and by the parts of an import path: "github.com/redis/go-redis/v9". */
function subsystemsOf(line: CodeLine): ReadonlySet<Subsystem> {
  const found = new Set<Subsystem>();
  for (const word of textOf(line)
    .toLowerCase()
    .split(/[^\w@/.-]+/)) {
    const parts = word.split('/');
    const pairs = parts.slice(1).map((part, at) => `${parts[at]}/${part}`);
    for (const name of [word, ...(word.startsWith('@') ? [] : parts), ...pairs]) {
      const subsystem = BY_PACKAGE.get(name);
      if (subsystem !== undefined) found.add(subsystem);
    }
  }
  return found;
}
