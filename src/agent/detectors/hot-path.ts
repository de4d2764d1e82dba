import type { Call } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, isLooped, linesAfter, linesBefore } from '../code/changed-code.ts';
import {
  because,
  type DetectedCheck,
  type Detector,
  guard,
  type Hit,
  hasAny,
  isUnder,
  linesOf,
  namesOf,
  secondary,
  vocabulary,
} from '../detector.ts';
import { growingMaps } from './growing-map.ts';

/** Calls that stop everything else in the process until they are done. */
const BLOCKING = vocabulary(
  `readfilesync writefilesync appendfilesync existssync readdirsync statsync execsync spawnsync execfilesync pbkdf2sync scryptsync hashsync comparesync
   gzipsync gunzipsync deflatesync inflatesync brotlicompresssync randombytessync gensaltsync`,
);
const PATTERNS = vocabulary('regexp regex compile mustcompile pattern newregex');
/** Each reads a whole list; only where a list and a text are not asked in the same words. */
const SCANS = vocabulary('find findindex includes indexof filter some every');
const SORTS = vocabulary('sort sorted deepclone clonedeep structuredclone deepcopy');
const COPIES = vocabulary('parse stringify loads dumps clonedeep structuredclone deepcopy marshal');
const WHOLE_READS = vocabulary(
  'readlines readall readalltext readalllines readallbytes tolist toarray fetchall concat arraybuffer filegetcontents readtostring readtoend',
);
const READERS = vocabulary(
  'fs file io ioutil buffer stream reader f fp fh request req response res resp files cursor body blob',
);
const STREAMING = vocabulary(
  'pipe pipeline createreadstream stream iterator yield cursor iterlines itercontent scanner findeach inbatches chunk batches streaming',
);
const OFFLINE_PATH = vocabulary('scripts script bin tools cli cmd build config seed seeds tasks');

/** Work that keeps a processor or the memory busy on the way of every request. */
export const hotPathDetector: Detector = {
  id: 'hot-path',
  subject: 'how much work one request makes',
  risk: 'medium',
  detect(file) {
    if (file.pathClass !== 'code' || file.language === 'settings' || file.language === 'sql') return [];
    if (isUnder(file, OFFLINE_PATH)) return [];
    return [
      ...blockingChecks(file),
      ...repeatedChecks(file),
      ...compiledChecks(file),
      ...memoryChecks(file),
      ...bufferChecks(file),
      ...growingChecks(file),
    ];
  },
};

/** Blocking calls inside functions; at the top of a file they run once, at the start. */
function blockingChecks(file: ChangedFile): readonly DetectedCheck[] {
  const isAsync = linesAfter(file).some((each) => /\basync\s+def\b/.test(each.code));
  const isIn = (line: CodeLine): boolean => /^\s/.test(line.code);
  const hits = hitsOn(file.added.filter(isIn), (call, line) => isBlocking(file, isAsync, call, line));
  const known = new Set(
    hitsOn(linesBefore(file), (call, line) => isBlocking(file, isAsync, call, line)).map(
      ({ call }) => call.name,
    ),
  );
  const fresh = hits.filter(({ call }) => !known.has(call.name));
  if (fresh.length === 0) return [];
  const text = `waits without letting others run (${namesOf(fresh)})`;
  const hasLoop = file.language === 'typescript' || file.language === 'python';
  return [
    guard(hasLoop ? 'process.event_loop_lag' : 'http.latency_p95', because(linesOf(fresh), text)),
    ...(hasLoop
      ? [guard('http.latency_p95', because(linesOf(fresh), `${text}, and every request waits with it`))]
      : []),
    secondary(guard('process.cpu', because(linesOf(fresh), text))),
  ];
}

function isBlocking(file: ChangedFile, isAsync: boolean, call: Call, line: CodeLine): boolean {
  if (BLOCKING.has(call.verbs.join(''))) return true;
  if (file.language === 'python' && isAsync) {
    return (
      (call.name === 'sleep' && call.receiver[0] === 'time') ||
      (call.receiver[0] === 'requests' && !/await/.test(line.code))
    );
  }
  if (file.language === 'csharp')
    return (call.name === 'Wait' || call.name === 'GetResult') && call.chain.length > 1;
  return file.language === 'java' && call.name === 'sleep' && call.receiver[0] === 'thread';
}

/** A pattern that is put together anew each time it is asked, where it was made once. */
function compiledChecks(file: ChangedFile): readonly DetectedCheck[] {
  const makes = (line: CodeLine): boolean => MAKES_PATTERN.test(line.code) && /^\s/.test(line.code);
  const isOnce = (line: CodeLine): boolean =>
    /\b(?:static|const|lazy|once|OnceLock|LazyLock|readonly|final|init)\b/i.test(line.code);
  const lines = file.added.filter((line) => makes(line) && !isOnce(line));
  const made = linesBefore(file).some((line) => makes(line) || isOnce(line));
  const ofValues = lines.filter((line) => !isOfText(line));
  // What is made of a value is made anew for each; of a text, or in a constructor, perhaps once for many.
  if (
    ofValues.length === 0 &&
    (lines.length === 0 || !made || file.removed.filter(makes).length < lines.length)
  )
    return [];
  const text = 'puts a pattern together anew each time';
  return [
    guard('process.cpu', because(lines, text)),
    guard('http.latency_p95', because(lines, `${text}, and the request waits for it`)),
  ];
}

/** `Regex::new("a+")`: the same each time; and what is made once with its owner. */
function isOfText(line: CodeLine): boolean {
  return (
    /(?:Regex::new|[Cc]ompile|RegExp|Regex)\(\s?(?:[rb@$]?''|\/)/.test(line.code) ||
    /\b(?:constructor|__init__|new)\(|\b(?:this|self)\.\w+\s?=/.test(line.code)
  );
}

const MAKES_PATTERN =
  /\bRegex::new\(|\bnew RegExp\(|(?<![.\w])Regex\(|\bregexp\.(?:MustCompile|Compile)\(|\bPattern\.compile\(|\bre\.compile\(/;

/** An answer that is put together as a whole before it is sent. */
function bufferChecks(file: ChangedFile): readonly DetectedCheck[] {
  if (!isUnder(file, ANSWERING)) return [];
  const lines = file.added.filter((line) => BUFFERS.test(line.code));
  if (lines.length === 0 || linesBefore(file).some((line) => BUFFERS.test(line.code))) return [];
  const text = 'puts all of an answer together in memory before it is sent';
  return [
    guard('process.memory', because(lines, text)),
    guard('http.latency_p95', because(lines, `${text}, and whoever asked waits for all of it`)),
  ];
}

const ANSWERING = vocabulary(
  'handler handlers controller controllers web api archive archives export exports download downloads report reports',
);
const BUFFERS = /\bbytes\.Buffer\b|\bByteArrayOutputStream\(|\bMemoryStream\(|\bBytesIO\(|\bBuffer\.concat\(/;

/** Costly work that a loop repeats. */
function repeatedChecks(file: ChangedFile): readonly DetectedCheck[] {
  const isCostly = (call: Call, line: CodeLine): boolean => {
    const joined = call.verbs.join('');
    if (call.name === 'new' && call.chain.at(-2) === 'Regex') return true;
    if (PATTERNS.has(joined)) {
      return (
        call.isNew ||
        /^(?:re|regexp|pattern|regex)$/.test(call.receiver.at(-1) ?? '') ||
        call.name === 'Regex'
      );
    }
    if (isMatching(call, line)) return true;
    if (call.chain.length < 2 || hasAny(call.receiver, DATA)) return false;
    if (SORTS.has(joined) || COPIES.has(joined)) return true;
    // With a literal it is a text that is searched.
    const isText = /^\(\s?''/.test(line.code.slice(call.column + call.name.length));
    return file.language === 'typescript' && SCANS.has(joined) && !isText;
  };
  const looped = (lines: readonly CodeLine[]): readonly Hit[] =>
    hitsOn(lines, (call, line) => isCostly(call, line) && isLooped(line, call) && !startsOwnLoop(line, call));
  const known = new Set(looped(linesBefore(file)).map(({ call }) => call.name));
  const moved = linesAfter(file).filter((line) => line.novelty === 'place');
  const fresh = looped([...file.added, ...moved]).filter(({ call }) => !known.has(call.name));
  if (fresh.length === 0) return [];
  const text = `repeats costly work for every item (${namesOf(fresh)})`;
  return [
    guard('process.cpu', because(linesOf(fresh), text)),
    guard('http.latency_p95', because(linesOf(fresh), `${text}, and the request waits for it`)),
    ...(file.language === 'typescript'
      ? [guard('process.event_loop_lag', because(linesOf(fresh), text))]
      : []),
  ];
}

/** A pattern that is put together for each item, so that nothing can keep it compiled. */
function isMatching(call: Call, line: CodeLine): boolean {
  const [owner = ''] = call.chain.slice(-2);
  if (!/^(?:Regex|Pattern|re)$/.test(owner) || !MATCHES.has(call.verbs.join(''))) return false;
  return /''\s?\+|\+\s?''|[$f]''/.test(line.code.slice(call.column));
}

const MATCHES = vocabulary('ismatch match matches replace split search fullmatch findall sub');
const DATA = vocabulary(
  'db database repository repo model objects prisma collection cache redis query client set map seen index ids session',
);

/** `items.filter(…).map(…)` chains callbacks; the scan itself is done once. */
function startsOwnLoop(line: CodeLine, call: Call): boolean {
  return line.looped !== null && line.looped.from > 0 && /^\s*\.?/.test(line.code) && call.chain.length > 3;
}

function memoryChecks(file: ChangedFile): readonly DetectedCheck[] {
  const known = new Set(hitsOn(linesBefore(file), isWholeRead).map(({ call }) => call.name));
  const hits = hitsOn(file.added, isWholeRead).filter(
    ({ call, line }) => !known.has(call.name) && /^\s/.test(line.code),
  );
  // Java's streams are no files.
  const streamsBefore = file.removed.filter((line) =>
    line.calls.some(
      (call) =>
        STREAMING.has(call.verbs.join('')) &&
        !(file.language === 'java' && /^(?:stream|iterator)$/.test(call.name)),
    ),
  );
  const streamsNow = file.added.some((line) => line.calls.some((call) => STREAMING.has(call.verbs.join(''))));
  const lines = [...linesOf(hits), ...(streamsNow ? [] : streamsBefore)];
  if (lines.length === 0) return [];
  const text = 'holds in memory as a whole what it used to take piece by piece, or did not take';
  return [
    guard('process.memory', because(lines, text)),
    secondary(guard('process.restart_rate', because(lines, text))),
  ];
}

/** A map of the whole process to which every call may add and from which nothing takes away. */
function growingChecks(file: ChangedFile): readonly DetectedCheck[] {
  const lines = growingMaps(file);
  if (lines.length === 0) return [];
  const text = 'keeps entries in a map that lives as long as the process and that nothing bounds';
  return [
    guard('process.memory', because(lines, text)),
    secondary(guard('process.restart_rate', because(lines, text))),
  ];
}

function isWholeRead(call: Call): boolean {
  const joined = call.verbs.join('');
  return WHOLE_READS.has(joined) && hasAny(call.receiver.slice(-2), READERS);
}

function hitsOn(
  lines: readonly CodeLine[],
  matches: (call: Call, line: CodeLine) => boolean,
): readonly Hit[] {
  return lines.flatMap((line) =>
    line.calls.filter((call) => matches(call, line)).map((call) => ({ line, call })),
  );
}
