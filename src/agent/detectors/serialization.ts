import type { Call } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, changedLines } from '../code/changed-code.ts';
import {
  because,
  callsOn,
  type Detector,
  expectChange,
  guard,
  hasAny,
  isUnder,
  linesOf,
  mainIf,
  namesOf,
  secondary,
  vocabulary,
} from '../detector.ts';

const PARSING = vocabulary(
  `parse safeparse parseasync safeparseasync loads load unmarshal decode deserialize readvalue fromjson fromstr fromslice jsondecode deserializeobject
   parsefrom parsefromstring modelvalidate modelvalidatejson validatepython parseobj mergefrom unpack decodevalue newdecoder fromreader`,
);
const ENCODERS = vocabulary(
  'stringify dumps marshal serialize writevalueasstring tojson jsonencode serializeobject encode tostring tostringvec modeldump generate',
);
const FORMATS = vocabulary(
  'json xml yaml protobuf proto avro msgpack messagepack cbor bson csv mapper gson jackson moshi marshmallow pydantic schema serde objectmapper codec serializer',
);
/** What comes from somebody else. */
const FOREIGN = vocabulary(
  'body payload payloads message raw event request req response envelope data content params wire',
);
const MARKERS = vocabulary(
  'jsonproperty serializedname jsonignore jsonpropertyname jsonconverter jsonignoreproperties serde jsonformat jsoninclude jsonalias jsonserializable expose',
);
const SHAPES = vocabulary('z zod yup joi ajv v t schema typebox');
const SHAPE_CALLS = vocabulary(
  'object string number boolean array enum optional nullable union literal record min max email uuid strict passthrough required regex nonempty int positive datetime coerce extend omit pick refine transform default',
);
const SERIALIZER_PATH = vocabulary(
  'serializer serializers serde codec codecs dto dtos presenter presenters marshaller parser parsers',
);
const FIELD =
  /^\s*(?:["']?[a-z_]\w{0,60}["']?\??\s*[:=]|attributes?\b|field\b|fields\b|(?:public|private|pub|val|var)\s)/;

/** What is read from, or written for, somebody else: payloads, their schemas, and how fields are called on the wire. */
export const serializationDetector: Detector = {
  id: 'serialization',
  subject: 'how payloads are read and written',
  risk: 'medium',
  detect(file) {
    if (!['code'].includes(file.pathClass) || file.language === 'sql' || file.language === 'schema')
      return [];
    // What an operator writes is no payload.
    if (OPERATED.test(file.path)) return [];
    const changed = changedLines(file);
    const parsed = callsOn(changed, isParsing).filter(({ line }) => isForeign(file, line));
    const shaped = callsOn([...file.added, ...file.removed], isShape);
    const markers = [
      ...callsOn(changed, (call) => call.isAnnotation && MARKERS.has(call.verbs.join(''))).map(
        ({ line }) => line,
      ),
      ...changed.filter(isStructTag),
      ...[...file.added, ...file.removed].filter((line) => FORMAT_OPTIONS.test(line.code)),
    ];
    const demanded = isUnder(file, INPUT_PATH)
      ? [...file.added, ...file.removed].filter(
          (line) =>
            (FIELD.test(line.code) && !/\b(?:function|def|func|fun)\b|\w\s?\(/.test(line.code)) ||
            isDemand(line),
        )
      : [...file.added, ...file.removed].filter((line) => isDemand(line) && !isUnder(file, STORED));
    const written = isUnder(file, SERIALIZER_PATH)
      ? [...file.added, ...file.removed].filter((line) => FIELD.test(line.code))
      : [];
    const lines = [...linesOf(parsed), ...linesOf(shaped), ...markers, ...written, ...demanded];
    if (lines.length === 0) return [];
    const hits = [...parsed, ...shaped];
    const what = hits.length > 0 ? namesOf(hits) : 'the names and kinds of its fields';
    const text = `changes what a payload must look like (${what})`;
    const refused = because(lines, `${text}, and what no longer fits is refused`);
    const rejects = isTighter(file)
      ? expectChange('http.client_error_rate', 'increase', refused)
      : guard('http.client_error_rate', refused);
    // Reading and writing as such is everywhere; it matters most where what was accepted or written is so no longer.
    const isTold = shaped.length + demanded.length + written.length > 0 || markers.length > 0;
    const isAltered = isTold && file.status !== 'added' && lines.some(({ kind }) => kind === 'removed');
    const errors = guard('serialization.error_rate', because(lines, text));
    // What people fill in is refused, and they do not get any further; nothing fails to be read.
    if (demanded.length === lines.length && isUnder(file, FILLED_IN)) {
      const asked = because(demanded, 'changes what people must fill in to get any further');
      return [guard('http.client_error_rate', refused), guard('business.core_action_rate', asked)];
    }
    return [
      isAltered ? errors : secondary(errors),
      isAltered && shaped.length + demanded.length > 0 ? rejects : secondary(rejects),
      ...(demanded.length > 0 || isTighter(file)
        ? [
            mainIf(
              isTighter(file),
              guard(
                'business.core_action_rate',
                because(
                  demanded.length > 0 ? demanded : lines,
                  'changes what people must fill in to get any further',
                ),
              ),
            ),
          ]
        : []),
    ];
  },
};

/** What is stored is asked of whoever stores it, which is seldom the one who sent it. */
const STORED = vocabulary('models model entities entity');
const OPERATED =
  /(?:^|\/)(?:config|configuration|settings|env|options)(?:\/|\.[a-z]+$)|(?:Options|Settings|Configuration|Config|Properties)\.[a-z]+$/i;
/** How a library reads and writes everything. */
const FORMAT_OPTIONS =
  /\b(?:JsonSerializerOptions|PropertyNamingPolicy|JsonNamingPolicy|DefaultIgnoreCondition|setPropertyNamingStrategy|PropertyNamingStrateg\w+|FAIL_ON_\w+|JsonStringEnumConverter|WRITE_DATES_AS_TIMESTAMPS|disableHtmlEscaping|ObjectMapper\s?\(|json_encoder|default_serializer|DisallowUnknownFields|UseNumber|deny_unknown_fields|rename_all)\b/;
const FILLED_IN = vocabulary('input inputs request requests forms form');
/** Types that hold what somebody sends in. */
const INPUT_PATH = vocabulary('input inputs dto dtos request requests payload payloads schemas forms');
/** `#[Assert\\Range]`, `@NotNull`, `[Required]`, `validates :name`: a demand on what comes in. */
const DEMAND_MARKERS = vocabulary(
  `assert notnull notblank notempty range size min max pattern email required stringlength maxlength minlength valid validated positive length
   maprequestpayload maprequestbody isstring isint isuuid isnotempty isoptional isenum validates validate validation uuid greaterthan`,
);

const DEMAND_NAMES =
  /\b(?:min_length|max_length|minLength|maxLength|EmailStr|constr|conint|ConfigDict|field_validator|model_validator|extra\s?=)\b/;

function isDemand(line: CodeLine): boolean {
  if (DEMAND_NAMES.test(line.code) && !/\bmodels\.|Column\(/.test(line.code)) return true;
  return line.calls.some(
    (call) =>
      (call.isAnnotation || call.column === 0) &&
      (DEMAND_MARKERS.has(call.verbs.join('')) || DEMAND_MARKERS.has(call.verbs[0] ?? '')) &&
      (call.isAnnotation || /^validates?/.test(call.name)),
  );
}

function isParsing(call: Call): boolean {
  if (call.isAnnotation) return false;
  const joined = call.verbs.join('');
  if (!PARSING.has(joined) && !ENCODERS.has(joined)) return false;
  return (
    hasAny([...call.receiver, ...call.verbs], FORMATS) ||
    /^(?:safeparse|safeparseasync|jsondecode|modelvalidate|modelvalidatejson|unmarshal|deserializeobject|readvalue)$/.test(
      joined,
    )
  );
}

function isForeign(file: ChangedFile, line: CodeLine): boolean {
  return (
    hasAny(line.words, FOREIGN) ||
    isUnder(file, SERIALIZER_PATH) ||
    line.calls.some((call) => /schema/i.test(call.chain.at(-2) ?? ''))
  );
}

function isShape(call: Call): boolean {
  const [owner = ''] = call.chain;
  const isLibrary = SHAPES.has(owner.toLowerCase()) && owner.length <= 7;
  return isLibrary && call.chain.length >= 2 && SHAPE_CALLS.has(call.chain[1]?.toLowerCase() ?? '');
}

/** True when a shape that was there keeps its fields and asks more of what they hold. */
function isTighter(file: ChangedFile): boolean {
  const demands = (lines: readonly CodeLine[]): number =>
    callsOn(lines, (call) => DEMANDS.has(call.name.toLowerCase())).length;
  const isShaped = callsOn(file.removed, isShape).length > 0;
  return isShaped && demands(file.added) > demands(file.removed);
}

const DEMANDS = vocabulary(
  'min max int uuid email regex nonempty positive strict length url nonnegative multipleof',
);

/** Go's `json:"total"`. */
function isStructTag(line: CodeLine): boolean {
  return line.strings.some((text) => /^(?:json|xml|avro|bson):"/.test(text)) && line.kind !== 'context';
}
