import type { Call } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, changedLines } from '../code/changed-code.ts';
import {
  assigns,
  because,
  callsOn,
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

const STORES = vocabulary(
  's3 bucket buckets blob blobs gcs minio objectstore objectstorage blobclient containerclient cloudinary filestore storage disk attachment attachments',
);
const VERBS = vocabulary(
  `put get upload download delete copy list head create complete abort presign presigned sign signed signature exists save open read write store
   stream attach purge url generate temporary fput fget file blob path move remove make`,
);
const COMMANDS = vocabulary(
  `putobjectcommand getobjectcommand deleteobjectcommand listobjectsv2command headobjectcommand copyobjectcommand
   createmultipartuploadcommand uploadpartcommand getsignedurl getsignedurlpromise generatepresignedurl generatepresignedpost createpresignedpost
   presigngetobject presignputobject getpresignedurl signedurl generatesignedurl temporaryurl hasoneattached hasmanyattached presignurl
   presignedgetobject presignedputobject getpresignedobjecturl putobjectrequest getobjectrequest fileuploadparser uploadfileobj uploadfile
   downloadfile generatesasuri getsasuri`,
);
const UPLOADING = vocabulary('put upload save attach store write multipart fput presignedpost complete');
const SIGNING = vocabulary('sign signed presign presigned url signature sas temporary');
/** A browser's own storage, and where sessions, migrations and snapshots are kept. */
const OTHER_STORES = vocabulary(
  'local session async secure cookie memory token rate job redis app state web zustand persist',
);
const UPLOAD_LIMITS = vocabulary('size bytes mb limit max types mimetypes extensions');

/** Objects that are put into and read from a store, and the links that are signed for them. */
export const storageDetector: Detector = {
  id: 'storage',
  subject: 'object storage',
  risk: 'medium',
  detect(file) {
    if (file.language === 'manifest' || file.language === 'sql' || file.pathClass === 'migration') return [];
    const changed = changedLines(file);
    const hits = callsOn(changed, isStorageCall);
    const limits = changed.filter((line) => isUploadLimit(line) || (isTypeList(line) && touchesStore(file)));
    const expiries = hits.length === 0 && touchesStore(file) ? changed.filter(isExpiry) : [];
    return [
      ...callChecks(hits, expiries),
      ...throughChecks(file, hits),
      ...heldChecks(
        hits.length === 0 && !touchesStore(file) ? [] : [...file.added, ...file.removed].filter(holds),
      ),
      ...limitChecks(limits),
    ];
  },
};

function callChecks(hits: readonly Hit[], expiries: readonly CodeLine[]) {
  const lines = [...linesOf(hits), ...expiries];
  if (lines.length === 0) return [];
  const signs = expiries.length > 0 || hits.some(({ call }) => hasAny(call.verbs, SIGNING));
  const uploads = hits.some(({ call }) => hasAny(call.verbs, UPLOADING) || call.verbs.includes('multipart'));
  const what = hits.length > 0 ? namesOf(hits) : 'how long a signed link holds';
  const text = `changes how objects are ${signs ? 'signed for' : uploads ? 'stored' : 'read'} (${what})`;
  return [
    guard('storage.error_rate', because(lines, text)),
    ...(uploads ? [guard('storage.upload_failure_rate', because(lines, text))] : []),
    ...(uploads && !signs ? [] : [secondary(guard('storage.egress', because(lines, text)))]),
    ...(signs && !uploads
      ? [
          secondary(
            guard(
              'http.client_error_rate',
              because(lines, `${text}, and a link that is refused answers 4xx`),
            ),
          ),
        ]
      : []),
  ];
}

/** Objects that pass through a request: their size is its time and its memory. */
function throughChecks(file: ChangedFile, hits: readonly Hit[]) {
  const read = hits.filter(({ line, call }) => line.kind === 'added' && READING.has(call.verbs[0] ?? ''));
  if (read.length === 0 || !isUnder(file, HANDLERS)) return [];
  const reason = because(linesOf(read), `lets objects pass through the request (${namesOf(read)})`);
  return [
    guard('http.latency_p95', reason),
    guard('process.memory', reason),
    guard('storage.egress', reason),
  ];
}

/** Whether an object is held as a whole or passed on in parts. */
function holds(line: CodeLine): boolean {
  return hasAny(line.words, HOLDING) && line.calls.length > 0;
}

function heldChecks(lines: readonly CodeLine[]) {
  if (lines.length === 0) return [];
  return [guard('process.memory', because(lines, 'changes how much of an object is held in memory at once'))];
}

const HOLDING = vocabulary(
  'stream streaming buffer buffered buffers bytes multipart chunk chunks part parts bytesio readall pipe',
);
const READING = vocabulary('get download read stream fget open');
const HANDLERS = vocabulary(
  'controller controllers handler handlers route routes api views view resolver resolvers',
);

function limitChecks(lines: readonly CodeLine[]) {
  if (lines.length === 0) return [];
  const reason = because(lines, 'changes what people may upload');
  return [guard('storage.upload_failure_rate', reason), guard('http.client_error_rate', reason)];
}

function isStorageCall(call: Call): boolean {
  if (COMMANDS.has(call.verbs.join(''))) return true;
  const near = call.receiver.slice(-4);
  if (hasAny(near, OTHER_STORES)) return false;
  return hasAny(near, STORES) && VERBS.has(call.verbs[0] ?? '') && !call.isAnnotation;
}

function touchesStore(file: { readonly hunks: readonly { readonly after: readonly CodeLine[] }[] }): boolean {
  return file.hunks.some((hunk) => hunk.after.some((line) => line.calls.some(isStorageCall)));
}

function isExpiry(line: CodeLine): boolean {
  return (
    line.novelty === 'code' && /expir|ttl|lifetime|valid_?(?:for|until|ity)/i.test(line.code) && assigns(line)
  );
}

function isUploadLimit(line: CodeLine): boolean {
  return (
    line.novelty === 'code' &&
    hasAny(line.words, UPLOAD_NOUNS) &&
    hasAny(line.words, UPLOAD_LIMITS) &&
    /[:=]\s?['"\d\w[(]/.test(line.code) &&
    /\d|\[/.test(line.code)
  );
}

/** The kinds of content that are taken: `contentType in setOf('image/png')`. */
function isTypeList(line: CodeLine): boolean {
  return (
    line.novelty === 'code' &&
    hasAny(line.words, CONTENT_TYPES) &&
    /\bin\b|\[|(?:setOf|listOf|Set|includes|contains|List\.of|Set\.of)\b/.test(line.code) &&
    line.strings.some((text) => /^(?:image|video|audio|application|text|font)\/[\w.+*-]+$/.test(text))
  );
}

const CONTENT_TYPES = vocabulary('type types mime mimes mimetype mimetypes');
const UPLOAD_NOUNS = vocabulary('upload uploads attachment attachments multipart');
