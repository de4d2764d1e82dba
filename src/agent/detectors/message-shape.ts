import type { ChangedFile, CodeHunk, CodeLine } from '../code/changed-code.ts';
import {
  because,
  type DetectedCheck,
  type Detector,
  guard,
  isUnder,
  secondary,
  vocabulary,
} from '../detector.ts';
import { isProducing } from './queue.ts';

const MESSAGE_PATH = vocabulary(
  'event events contract contracts payload payloads avro proto envelope frame frames',
);
const HOOKS = vocabulary('webhook webhooks hooks');
const SHAPE_HEAD =
  /\b(?:interface|type|class|struct|record|message|data class|namedtuple|TypedDict|BaseModel|dataclass|case class)\b/;
/** `readonly total: number;`, `total: float = 0`, `Total int`, `int32 total = 3;`, `private String total;` */
const FIELD =
  /^\s*(?:(?:public|private|readonly|final|pub|val|var|optional|repeated|required|protected|static)\s+)*(?:["']?([a-z_]\w{0,60})["']?\??\s*:|([A-Z]\w{0,60})\s+[*[\]\w.]+(?:\s|$)|[\w<>[\].?]{2,60}\s+([a-z_]\w{0,60})\s*(?:;|=\s*\d|\{\s*get|,?$)|[\w<>[\].?]{2,60}\s+([A-Z]\w{0,60})\s*\{\s*get)/;
const PROTO_FIELD =
  /^\s*(?:(?:optional|repeated|required)\s+)?[\w.<>, ]{1,80}\s([a-z_]\w{0,60})\s*=\s*(\d{1,9})/;
const GRAPHQL_FIELD = /^\s*([a-z_]\w{0,60})(?:\([^)]{0,200}\))?\s*:\s*([\w![\]]{1,80})/;
const KEY = /^\s*["']?([A-Za-z_]\w{0,60})["']?\s*(?::|=>|=(?!=)|,$)/;
const ANY = /:\s?(?:any|unknown|object|mixed|dynamic|Object)\s?[;,]?\s*$/;
const MAX_CALL_LINES = 40;

/** The shape of what is sent to others, who read it with code of another age. */
export const messageShapeDetector: Detector = {
  id: 'message-shape',
  subject: 'the shape of messages',
  risk: 'high',
  detect(file) {
    if (file.pathClass !== 'code' && file.language !== 'schema') return [];
    const fields = /\.avsc$/.test(file.path)
      ? avroFields(file)
      : file.language === 'schema'
        ? schemaFields(file)
        : [...declaredFields(file), ...sentKeys(file)];
    return shapeChecks(file, fields);
  },
};

interface Field {
  readonly line: CodeLine;
  readonly name: string;
}

function shapeChecks(file: ChangedFile, fields: readonly Field[]): readonly DetectedCheck[] {
  // A field that gets a type where it had none is the same field.
  const untyped = new Set(
    fields.filter(({ line }) => line.kind === 'removed' && ANY.test(line.code)).map(({ name }) => name),
  );
  const told = fields.filter(({ name }) => !untyped.has(name));
  const added = told.filter(({ line }) => line.kind === 'added');
  const removed = told.filter(({ line }) => line.kind === 'removed');
  if (added.length + removed.length === 0) return [];
  const lost = removed.filter(({ line }) => !added.some((other) => textOf(other.line) === textOf(line)));
  const lines = [...lost, ...added].map(({ line }) => line);
  const names = [...new Set([...lost, ...added].map(({ name }) => name))].slice(0, 3).join(', ');
  const isBreaking = lost.length > 0;
  const text = `${isBreaking ? 'takes away or alters' : 'adds'} what a message carries (${names})`;
  const flags = isBreaking ? (['unsafe_to_roll_back'] as const) : [];
  const isQuery = /\.g(?:raph)?ql[s]?$/.test(file.path);
  const risk = isBreaking ? 'high' : 'medium';
  const checks: DetectedCheck[] = isQuery
    ? [
        guard('http.client_error_rate', because(lines, text)),
        guard('serialization.error_rate', because(lines, text)),
      ]
    : [
        guard(
          'serialization.error_rate',
          because(lines, `${text}, which readers of another version must parse`, { flags }),
        ),
        guard(
          'queue.job_failure_rate',
          because(lines, `${text}, and a reader that misses it fails or does nothing`, { flags }),
        ),
        secondary(
          guard('queue.oldest_age', because(lines, `${text}, and what cannot be read stays in line`)),
        ),
        ...(file.language === 'schema'
          ? [secondary(guard('dependency.error_rate', because(lines, text)))]
          : []),
      ];
  // What is only added is skipped by whoever does not know it.
  return checks.map((check) => {
    const weighed = isBreaking || isQuery || file.language === 'schema' ? check : secondary(check);
    return { ...weighed, risk: isQuery ? 'medium' : risk };
  });
}

/** Fields of `.proto`, `.graphql` and the like; a renumbered field is another field. */
function schemaFields(file: ChangedFile): readonly Field[] {
  return [...file.added, ...file.removed].flatMap((line) => {
    const found = PROTO_FIELD.exec(line.code) ?? GRAPHQL_FIELD.exec(line.code);
    return found?.[1] === undefined ? [] : [{ line, name: found[1] }];
  });
}

function textOf({ code, strings }: CodeLine): string {
  return [code.trim(), ...strings].join('\0');
}

/** `{"name": "total", "type": "long"}`: all of it strings. */
function avroFields(file: ChangedFile): readonly Field[] {
  const sides = file.hunks.flatMap((hunk) => [...hunk.after, ...hunk.before]);
  return sides
    .filter(({ kind, novelty }) => kind !== 'context' && novelty !== 'place' && novelty !== 'nothing')
    .flatMap((line) => {
      const name = /"name"\s?:\s?"(\w{1,100})"/.exec(line.strings.join(' '))?.[1];
      return name === undefined ? [] : [{ line, name }];
    });
}

/** Fields of types in files that are about messages, when the file existed before. */
function declaredFields(file: ChangedFile): readonly Field[] {
  if (!isUnder(file, MESSAGE_PATH) || isUnder(file, HOOKS) || file.status === 'added') return [];
  return file.hunks.flatMap((hunk) => {
    const isType =
      SHAPE_HEAD.test(hunk.heading) ||
      [...hunk.after, ...hunk.before].some((line) => SHAPE_HEAD.test(line.code));
    if (!isType) return [];
    return changedOf(hunk).flatMap((line) => {
      const found = FIELD.exec(line.code);
      const name = found?.[1] ?? found?.[2] ?? found?.[3] ?? found?.[4];
      return name === undefined || line.calls.length > 0 || /\breturn\b/.test(line.code)
        ? []
        : [{ line, name }];
    });
  });
}

/** Keys of what is handed to a queue, on lines below the call that sends it. */
function sentKeys(file: ChangedFile): readonly Field[] {
  return file.hunks
    .flatMap((hunk) => [...keysSent(hunk.after), ...keysSent(hunk.before)])
    .filter(({ line }) => line.novelty === 'code' && line.kind !== 'context');
}

function keysSent(lines: readonly CodeLine[]): readonly Field[] {
  const found: Field[] = [];
  let head: { readonly at: number; readonly indent: number } | null = null;
  lines.forEach((line, at) => {
    if (head !== null) {
      const isOver =
        line.code.trim() !== '' && (indentOf(line) <= head.indent || at - head.at > MAX_CALL_LINES);
      const key = isOver ? null : KEY.exec(line.code);
      if (isOver) head = null;
      else if (key?.[1] !== undefined && key[1] !== 'delay') found.push({ line, name: key[1] });
    }
    // A call that is new as a whole sends a new message, not another shape of an old one.
    const opens = line.calls.some(isProducing) && /[({[,]$/.test(line.code);
    if (opens && line.kind === 'context') head = { at, indent: indentOf(line) };
  });
  return found;
}

function changedOf(hunk: CodeHunk): readonly CodeLine[] {
  const isSaid = ({ novelty }: CodeLine): boolean => novelty === 'code' || novelty === 'shape';
  return [...hunk.after, ...hunk.before].filter((line) => isSaid(line) && line.kind !== 'context');
}

function indentOf(line: CodeLine): number {
  return line.code.search(/\S|$/);
}
