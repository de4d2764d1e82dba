import type { Call } from '../code/calls.ts';
import { type CodeLine, changedLines } from '../code/changed-code.ts';
import {
  because,
  callsOn,
  type DetectedCheck,
  type Detector,
  guard,
  linesOf,
  namesOf,
  secondary,
  vocabulary,
} from '../detector.ts';

const RENDERING = vocabulary(
  `lazy dynamic suspense hydrateroot hydrate createroot usememo usecallback useeffect uselayouteffect usestate usereducer usecontext useref usequery
   usemutation useswr memo onmounted watch watcheffect computed reactive defineasynccomponent dangerouslysetinnerhtml createportal starttransition
   usetransition usedeferredvalue requestanimationframe render rendertostring usestore useselector dispatch getserversideprops getstaticprops useinfinitequery`,
);
const VITALS_NAME =
  /\b(?:loading|fetchpriority|priority|preload|prefetch|splitChunks|manualChunks|chunkFilename|minify|target|srcSet|sizes|fontDisplay|ssr|hydrate|client:load|treeshake|optimization|externals|sourcemap|defer|blocking|lazy|virtualize)\b/;
const ACTIONS = /\b(?:onClick|onSubmit|onPress|@click|@submit|handleSubmit|addEventListener|onChange|v-on)\b/;
const BUILD_FILE = /(?:^|\/)(?:vite|webpack|rollup|next|nuxt|svelte|astro|rspack)\.config\.[a-z]+$/;
const CRITICAL = /checkout|pay|cart|signup|sign-up|register|login|order|basket|purchase|subscribe/i;
const JSX = /<[A-Za-z][\w.]*(?:\s|>|\/|$)/;
const LAYOUT_ONLY = /^[\s<>/]*(?:className|class|style|aria-\w+|alt|title|id|key)\s?=/;
const DIRECT = /\b(?:window|document|localStorage|sessionStorage|navigator)\b/;

/** What a browser runs: uncaught errors, and how soon a page shows and answers. */
export const frontEndDetector: Detector = {
  id: 'front-end',
  subject: 'what runs in the browser',
  risk: 'low',
  reads: 'browser',
  detect(file) {
    if (BUILD_FILE.test(file.path))
      return buildChecks(changedLines(file).filter((line) => line.names.length > 0));
    const changed = [...file.added, ...file.removed].filter(runs);
    if (changed.length === 0) return [];
    const hits = callsOn(changed, isRendering);
    const vital = changed.filter((line) => VITALS_NAME.test(line.code) || JSX.test(line.code));
    const heavy = [...linesOf(hits), ...vital];
    const text = `changes what the page does${hits.length > 0 ? ` (${namesOf(hits)})` : ''}`;
    const acts =
      CRITICAL.test(file.path) &&
      changed.some(
        (line) =>
          ACTIONS.test(line.code) ||
          line.calls.some((call) => /submit|save|place|pay|confirm/i.test(call.name)),
      );
    return [
      guard(
        'frontend.js_error_rate',
        because(changed, `${text}, and an error there is seen by nobody but its user`),
      ),
      ...(heavy.length > 0 ? vitalChecks(heavy) : []),
      ...(CRITICAL.test(file.path) ? twiceChecks(changed.filter(triesAgain)) : []),
      ...(acts
        ? [
            guard(
              'business.core_action_rate',
              because(changed, `${text}, where people finish what they came for`),
            ),
          ]
        : []),
    ];
  },
};

/** What is tried again by itself where people pay may be paid twice. */
function triesAgain(line: CodeLine): boolean {
  return /\bretr(?:y|ies)\b|\bretry[A-Z]\w*|\bidempotency/i.test(line.code) && !/<\w/.test(line.code);
}

function twiceChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const reason = because(lines, 'changes what is tried again by itself where people pay or order');
  return [guard('payment.duplicate_rate', reason), guard('payment.failure_rate', reason)];
}

function vitalChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const isLater = lines.some(
    (line) => line.kind === 'added' && line.calls.some((call) => /lazy|dynamic|virtual/i.test(call.name)),
  );
  const check = guard(
    'frontend.web_vitals',
    because(lines, 'changes what the page draws, or when it does', {
      flags: isLater ? ['expected_to_move'] : [],
    }),
  );
  const isTelling = lines.some(
    (line) =>
      VITALS_NAME.test(line.code) ||
      line.calls.some((call) => /lazy|dynamic|hydrate|effect|suspense|memo|render/i.test(call.name)),
  );
  return [isTelling ? check : secondary(check)];
}

function buildChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const reason = because(lines, 'changes what goes into the bundle');
  return [guard('frontend.web_vitals', reason), guard('frontend.js_error_rate', reason)];
}

function isRendering(call: Call): boolean {
  return RENDERING.has(call.name.toLowerCase());
}

/** A line that does something: style, text and types run nothing. */
function runs(line: CodeLine): boolean {
  if (/^\s*(?:export\s+)?(?:type|interface)\b/.test(line.code) || LAYOUT_ONLY.test(line.code)) return false;
  const code = line.code.trim();
  if (/^<\/?[a-zA-Z][\w.]*\s*\/?>$/.test(code) || !/[A-Za-z]/.test(code)) return false;
  return (
    line.calls.length > 0 ||
    /=>|\breturn\b|\bif\b|&&|\?\s|\{[^'"]+\}|=\s?[\w{[(]/.test(code) ||
    DIRECT.test(code) ||
    /\b(?:loading|priority|defer|async)\b/.test(code)
  );
}
