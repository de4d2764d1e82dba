import type { Risk } from '../../core/plan/ladder.ts';
import type { SignalKind } from '../../core/plan/signal-kinds.ts';
import { wordsOf } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, changedLines } from '../code/changed-code.ts';
import { because, type DetectedCheck, type Detector, guard, secondary, vocabulary } from '../detector.ts';

/**
 * What code is about by the names people gave it, where no library's name gives it away: `Throttle.forPartner`, `LeaseSettings`,
 * `ACCESS_TOKEN_LIFETIME`. One name on one line says little; a name on several lines, or one that the file or the function bears as
 * well, says what the change is about.
 */
interface Subject {
  readonly what: string;
  /** Words that name it by themselves. */
  readonly words: ReadonlySet<string>;
  /** Two words in a row, joined: "refreshtoken". */
  readonly pairs: ReadonlySet<string>;
  /** Words that name it only in such a place. */
  readonly near?: ReadonlySet<string>;
  readonly risk: Risk;
  /** Words of folders, files and functions that are about it. */
  readonly places: ReadonlySet<string>;
  /** Words beside which it means something else. */
  readonly not: ReadonlySet<string>;
  readonly main: readonly SignalKind[];
  readonly also: readonly SignalKind[];
}

const NONE: ReadonlySet<string> = new Set();

const SUBJECTS: readonly Subject[] = [
  {
    what: 'what is cached, under which name and for how long',
    risk: 'medium',
    words: NONE,
    pairs: vocabulary(
      'cachekey cachekeys cachettl cachefor cacheversion cachecontrol invalidatecache clearcache bustcache cachetag cachetags',
    ),
    near: vocabulary('key keys ttl expiry expires stale invalidate evict forget remember entry'),
    places: vocabulary('cache caches caching cached memo'),
    not: vocabulary('npm yarn docker build dns'),
    main: ['cache.hit_ratio'],
    also: ['http.latency_p95'],
  },
  {
    what: 'which copy of the database is asked',
    risk: 'medium',
    words: vocabulary('replica replicas'),
    pairs: vocabulary(
      'readreplica readonly readerdb dbreader secondarypreferred readpreference connectedto readingrole',
    ),
    places: vocabulary('replica replicas'),
    not: vocabulary('pods deployment hpa statefulset min max count kafka autoscaling'),
    main: ['db.replication_lag'],
    also: ['db.error_rate', 'db.query_latency_p95'],
  },
  {
    what: 'how passwords are hashed',
    risk: 'high',
    words: vocabulary('argon2 argon2id bcrypt scrypt pbkdf2 rehash'),
    pairs: vocabulary(
      'passwordhash passwordverify passwordneedsrehash hashpassword verifypassword memorycost timecost saltrounds',
    ),
    places: vocabulary('hasher hashing'),
    not: NONE,
    main: ['auth.login_failure_rate', 'http.latency_p95'],
    also: ['process.cpu'],
  },
  {
    what: 'how tokens are given out and renewed',
    risk: 'high',
    words: NONE,
    pairs: vocabulary(
      'refreshtoken refreshtokens tokenrefresh rotaterefresh tokenrotation refreshsession renewtoken refreshgrant tokenlifetime accesstokens refreshlifetime',
    ),
    places: vocabulary('refresh'),
    not: vocabulary('page cursor csrf'),
    main: ['auth.token_refresh_failure_rate', 'auth.session_loss_rate'],
    also: ['auth.unauthorized_rate'],
  },
  {
    what: 'who is taken for signed in',
    risk: 'high',
    words: vocabulary('jwt jwks oidc bearer saml audience issuer authenticator unauthenticated'),
    pairs: vocabulary(
      'accesstoken idtoken authtoken bearertoken apikey apikeys currentuser authheader fallbackpolicy requireauthenticated authenticationscheme',
    ),
    places: vocabulary('authn authentication authenticate jwt oidc oauth sso identity authenticator'),
    not: vocabulary('page cursor csrf cancellation'),
    main: ['auth.unauthorized_rate'],
    also: ['http.error_rate'],
  },
  {
    what: 'how long somebody stays signed in',
    risk: 'high',
    words: vocabulary('signout logout'),
    pairs: vocabulary(
      'sessioncookie sessionstore sessionkey sessionttl sessiontimeout sessionid cookiestore sessionoptions sessionmiddleware sessioncookies rememberme cookieserializer cookiesserializer',
    ),
    places: vocabulary('session sessions cookie cookies'),
    not: vocabulary(
      'db database sql orm query aiohttp requests http client planning game training model models',
    ),
    main: ['auth.session_loss_rate'],
    also: ['auth.unauthorized_rate'],
  },
  {
    what: 'how people sign in',
    risk: 'high',
    words: vocabulary('login signin mfa totp webauthn passkey lockout'),
    pairs: vocabulary('signin loginattempt onetime magiclink passwordhash verifypassword'),
    places: vocabulary('login signin registration mfa password passwords'),
    not: vocabulary('redis smtp database registry docker'),
    main: ['auth.login_failure_rate'],
    also: [],
  },
  {
    what: 'who may do what',
    risk: 'high',
    words: vocabulary(
      'permission permissions authorize authorized forbidden acl rbac abac entitlement entitlements authority authorities unauthorized',
    ),
    pairs: vocabulary(
      'hasrole hasauthority hasscope canaccess isowner ismember isadmin requirerole requirescope canread canedit',
    ),
    places: vocabulary(
      'authorization authz permissions permission policies policy ability abilities acl rbac guards voters voter roles access',
    ),
    not: vocabulary('retry eviction cache lifecycle iam file bucket'),
    main: ['auth.forbidden_rate'],
    also: ['http.client_error_rate'],
  },
  {
    what: 'how often somebody may ask',
    risk: 'medium',
    words: vocabulary(
      'throttle throttled throttles throttler throttling ratelimit ratelimiter ratelimits limiter quota quotas',
    ),
    pairs: vocabulary('ratelimit ratelimiting ratelimiter requestsper perminute limitby burstsize'),
    places: vocabulary('throttle throttles throttling ratelimit limiter limiters quota'),
    not: vocabulary('cpu memory log debounce render batch job worker disk'),
    main: ['ratelimit.rejected_rate'],
    also: ['http.client_error_rate'],
  },
  {
    what: 'the webhooks that are sent',
    risk: 'medium',
    words: vocabulary('webhook webhooks'),
    pairs: vocabulary('hookdelivery deliverhook hooksignature'),
    places: vocabulary('webhook webhooks hooks'),
    not: vocabulary('stripe github incoming inbound receive received react'),
    main: ['webhook.delivery_failure_rate'],
    also: [],
  },
  {
    what: 'what people are told by mail or message',
    risk: 'medium',
    words: vocabulary('mailer mailers sms digest unsubscribe'),
    pairs: vocabulary(
      'sendmail sendemail deliverlater deliverynow pushnotification mailtemplate emailtemplate notifyuser',
    ),
    places: vocabulary(
      'mailer mailers mail mails email emails notification notifications notifier sms push digest',
    ),
    not: vocabulary('validate validator address form'),
    main: ['notification.delivery_failure_rate'],
    also: [],
  },
  {
    what: 'how money is taken or given back',
    risk: 'high',
    words: vocabulary('refund refunds payout payouts capture captures chargeback'),
    pairs: vocabulary('paymentintent paymentmethod chargecard idempotencykey paymentprovider capturepayment'),
    places: vocabulary('payment payments refund refunds billing payout payouts charges'),
    not: vocabulary('screen media group regex'),
    main: ['payment.failure_rate'],
    also: ['payment.duplicate_rate', 'payment.amount_mismatch_rate'],
  },
  {
    what: 'what is stored as objects and files',
    risk: 'medium',
    words: vocabulary('presigned presign multipart s3 blobs'),
    pairs: vocabulary(
      'uploadurl uploadfile fileupload objectkey signedurl storagekey contentdisposition uploadpart',
    ),
    places: vocabulary('upload uploads storage bucket attachments assets media blobs'),
    not: vocabulary('local session rate limit limits limiter token histogram form cache'),
    main: ['storage.error_rate', 'storage.upload_failure_rate'],
    also: [],
  },
  {
    what: 'whether an instance counts as ready',
    risk: 'medium',
    words: vocabulary('healthz readyz livez readiness liveness healthcheck healthchecks'),
    pairs: vocabulary(
      'healthcheck readinessprobe livenessprobe startupprobe isready healthindicator initialdelay',
    ),
    places: vocabulary('health healthz readiness liveness healthcheck healthchecks probes'),
    not: vocabulary('log logging quiet'),
    main: ['process.readiness_failure_rate', 'process.restart_rate'],
    also: [],
  },
  {
    what: 'what is logged',
    risk: 'low',
    words: NONE,
    pairs: vocabulary(
      'loglevel logrequest requestlog accesslog logbody customprops httplog logformat customloglevel logexchange logger loggingmiddleware',
    ),
    places: vocabulary('logging logs httplog requestlog accesslog'),
    not: vocabulary('audit catalog changelog login'),
    main: ['log.volume'],
    also: ['http.latency_p95'],
  },
  {
    what: 'how many connections to the database there are',
    risk: 'medium',
    words: vocabulary('hikari pgbouncer pgxpool connectionpool dbpool'),
    pairs: vocabulary(
      'maxconns maxconnections poolsize maxopen maxpool minidle maxidle maximumpool connectionlimit',
    ),
    places: vocabulary('pool'),
    not: vocabulary('thread threads executor http worker object carpool'),
    main: ['db.pool_saturation'],
    also: ['db.timeout_rate'],
  },
  {
    what: 'heavy work on images, documents or archives',
    risk: 'medium',
    words: vocabulary(
      'sharp imagemagick thumbnail thumbnails ffmpeg pdf puppeteer wkhtmltopdf zip archive ocr transcode',
    ),
    pairs: vocabulary('readall tobuffer imageio bufferedimage memorystream'),
    places: vocabulary('thumbnail thumbnails pdf renderer image images export exports media'),
    not: vocabulary('docker'),
    main: ['process.memory'],
    also: ['process.cpu'],
  },
  {
    what: 'what others may send us',
    risk: 'medium',
    words: vocabulary('validate validator validators validation badrequest unprocessable'),
    pairs: vocabulary(
      'badrequest formrequest validationerror unprocessableentity unprocessablecontent notfound',
    ),
    places: vocabulary('validation validators requests dto dtos forms schemas'),
    not: vocabulary('token jwt signature certificate'),
    main: ['http.client_error_rate'],
    also: ['serialization.error_rate'],
  },
];

/** Settings that only say what something is called or whose it is. */
const DESCRIBING =
  /(?:^|\.)(?:tags?|labels?|annotations?|description|name|owner|team|cost_?cent(?:re|er)|metadata)\b/i;
/** A subject that only one line names, and nothing around it, is not what the change is about. */
const LINES_ENOUGH = 2;
const MOST_IDENTIFIER_CHARS = 60;

/** What the names of a change say it is about, for whatever no other detector knows by its library. */
export const namedSubjectDetector: Detector = {
  id: 'named-subject',
  subject: 'something its names tell',
  risk: 'low',
  isHint: true,
  detect(file) {
    if (file.language === 'manifest' || file.language === 'sql' || file.pathClass === 'migration') return [];
    const isSettings = file.language === 'settings';
    const lines = changedLines(file).filter(
      (line) => line.novelty !== 'nothing' && !(isSettings && DESCRIBING.test(line.code)),
    );
    if (lines.length === 0) return [];
    const spoken = lines.map((line) => ({ line, said: saidBy(line) }));
    const places = placesIn(file);
    return SUBJECTS.flatMap((subject) => checksOf(subject, spoken, places));
  },
};

interface Spoken {
  readonly line: CodeLine;
  readonly said: Said;
}

interface Said {
  readonly words: ReadonlySet<string>;
  readonly pairs: ReadonlySet<string>;
}

function checksOf(subject: Subject, spoken: readonly Spoken[], places: Places): readonly DetectedCheck[] {
  const isPlace = has(places.all, subject.places) && !has(places.all, subject.not);
  const hits = spoken.filter(
    ({ said }) =>
      (has(said.words, subject.words) ||
        has(said.pairs, subject.pairs) ||
        (isPlace && has(said.words, subject.near ?? NONE))) &&
      !has(said.words, subject.not),
  );
  const isOwnPlace = has(places.own, subject.places) && !has(places.all, subject.not);
  const isSure = hits.length >= LINES_ENOUGH || (hits.length > 0 && isPlace);
  // A file that bears the name by itself is about it wherever it does something.
  const does = spoken.filter(({ line }) => line.calls.length > 0).length >= LINES_ENOUGH;
  if (!isSure && !(isOwnPlace && does)) return [];
  const telling = hits.length > 0 ? hits : spoken;
  const reason = because(
    telling.map(({ line }) => line),
    `changes ${subject.what}`,
  );
  const main = subject.main.map((kind) => guard(kind, reason));
  const checks = [
    ...(isSure ? main : main.map(secondary)),
    ...subject.also.map((kind) => secondary(guard(kind, reason))),
  ];
  // What only its place suggests is no reason to be more careful than usual.
  return checks.map((check) => ({ ...check, risk: isSure ? subject.risk : 'low' }));
}

/** The words of a line's names, and of strings that are names themselves: keys of settings, options of a library. */
function saidBy(line: CodeLine): Said {
  const keys = line.strings.filter(
    (text) => text.length <= MOST_IDENTIFIER_CHARS && /^[A-Za-z_][\w.-]*$/.test(text),
  );
  const chains = line.code.match(/[\w$]+(?:\.[\w$]+)+/g) ?? [];
  const named = [...line.names, ...keys, ...chains].map(wordsOf);
  return {
    words: new Set(named.flat()),
    pairs: new Set(named.flatMap((words) => words.slice(1).map((word, at) => `${words[at]}${word}`))),
  };
}

interface Places {
  /** Of the path, and of what the hunks' blocks are called. */
  readonly all: ReadonlySet<string>;
  /** Of the file's own name and the blocks. */
  readonly own: ReadonlySet<string>;
}

function placesIn(file: ChangedFile): Places {
  const parts = file.path.replace(/\.[a-z]+$/i, '').split('/');
  const headings = file.hunks.map(({ heading }) => heading.slice(0, 200));
  const isData = parts.some((part) => DATA_FOLDERS.has(part.toLowerCase())) || file.language === 'settings';
  return {
    all: wordsIn([...parts, ...headings]),
    own: isData ? new Set() : wordsIn([...parts.slice(-1), ...headings]),
  };
}

/** What lies here is named after its data, whatever is done with it. */
const DATA_FOLDERS = vocabulary(
  'models model entities entity types dto dtos schemas domain contracts config constants',
);

function wordsIn(texts: readonly string[]): ReadonlySet<string> {
  return new Set(wordsOf(texts.join(' ').replaceAll(/[^A-Za-z\d]+/g, ' ')));
}

function has(words: ReadonlySet<string>, wanted: ReadonlySet<string>): boolean {
  for (const word of wanted) if (words.has(word)) return true;
  return false;
}
