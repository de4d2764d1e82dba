import { argumentLines } from '../code/arguments.ts';
import type { Call } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, changedLines } from '../code/changed-code.ts';
import {
  because,
  callsOn,
  type Detector,
  guard,
  hasAny,
  linesOf,
  namesOf,
  secondary,
  vocabulary,
} from '../detector.ts';

const MAKERS = vocabulary(
  `counter histogram gauge summary countervec histogramvec gaugevec summaryvec newcounter newcountervec newhistogram newhistogramvec newgauge newgaugevec
   createcounter createhistogram createupdowncounter createobservablegauge createobservablecounter int64counter float64histogram registercounter
   intcountervec histogramvecopts newcounterfunc timer distributionsummary createhistogrammetric`,
);
const METERS = vocabulary(
  'metrics metric meter statsd prometheus prom client promauto registry datadog dogstatsd micrometer stats telemetry meterregistry',
);
const MEASURING = vocabulary(
  'increment histogram gauge timing distribution inc observe record count labels withlabelvalues with add set measure tags',
);
const ATTRIBUTES = vocabulary('setattribute setattributes settag addtag setattributestring');
const SPAN = vocabulary('span trace tracing tracer scope activity');
const SHAPE = /\b(?:label_?names?|labels|tags|buckets|attributes|dimensions)\b\s*[:=(]/i;
const SAMPLING = /sampl(?:e|er|ing)[\w.]*(?:rate|ratio|probability|percentage)?|scrape_?interval/i;

/** What is measured and traced: new series, new labels, and how much of it is kept. */
export const telemetryDetector: Detector = {
  id: 'telemetry',
  subject: 'metrics and traces',
  risk: 'low',
  detect(file) {
    if (file.language === 'manifest' || file.language === 'sql' || file.pathClass === 'migration') return [];
    const changed = changedLines(file).filter((line) => line.kind !== 'context');
    const made = callsOn(changed, isMaker);
    const labelled = callsOn([...file.added, ...file.removed], isLabelling);
    const shaped = changed.filter((line) => SHAPE.test(line.code) && isNearMetric(file));
    const sampled = changed.filter(
      (line) => SAMPLING.test(line.names.join(' ')) && /[:=]\s?['"\d]/.test(line.code),
    );
    const lines = [
      ...linesOf(made),
      ...linesOf(labelled),
      ...shaped,
      ...sampled,
      ...file.hunks.flatMap(labelsIn),
    ];
    if (lines.length === 0) return [];
    const hits = [...made, ...labelled];
    const what = hits.length > 0 ? namesOf(hits) : 'labels, buckets or how much is kept';
    const reason = because(lines, `changes which series are emitted (${what})`, {
      flags: made.length > 0 ? ['new_series'] : [],
    });
    // A series that only the new version has cannot be compared; its number can be watched all the same.
    return [
      guard('telemetry.cardinality', { ...reason, flags: ['expected_to_move'] }),
      secondary(guard('process.memory', reason)),
    ];
  },
};

/** Labels among the arguments of a metric that is itself unchanged: a longer list of names, another named value. */
function labelsIn(hunk: ChangedFile['hunks'][number]): readonly CodeLine[] {
  return [hunk.after, hunk.before].flatMap((side) => {
    const names = argumentLines(side, isMaker).filter((line) => /^\s*\[[\s',]*\],?$/.test(line.code));
    const values = argumentLines(side, (call) => !call.isAnnotation && isLabelling(call));
    return [...names, ...values.filter((line) => line.names.length > 0)].filter(
      (line) => line.novelty === 'code' && line.kind !== 'context',
    );
  });
}

function isMaker(call: Call): boolean {
  if (call.isAnnotation) return /^(?:timed|counted)$/.test(call.name.toLowerCase());
  const joined = call.verbs.join('');
  if (!MAKERS.has(joined)) return false;
  return call.isNew || call.chain.length === 1
    ? !/^(?:timer|summary|counter|gauge)$/.test(joined) || /^[A-Z]/.test(call.name)
    : hasAny(call.receiver, METERS) || joined.length > 12;
}

function isLabelling(call: Call): boolean {
  if (ATTRIBUTES.has(call.verbs.join(''))) return hasAny(call.receiver, SPAN);
  const near = call.receiver.slice(-2);
  if (call.name === 'WithLabelValues' || (call.name === 'labels' && call.chain.length > 1)) return true;
  return hasAny(near, METERS) && !near.includes('client') && MEASURING.has(call.verbs[0] ?? '');
}

function isNearMetric(file: ChangedFile): boolean {
  const isMetric = (line: CodeLine): boolean => line.calls.some((call) => isMaker(call) || isLabelling(call));
  return file.hunks.some((hunk) => [...hunk.before, ...hunk.after].some(isMetric));
}
