import type { Risk } from '../../core/plan/ladder.ts';
import type { SignalKind } from '../../core/plan/signal-kinds.ts';
import { vocabulary } from '../detector.ts';

/**
 * What code is about by the names people gave it, where no library's name gives it away: `Throttle.forPartner`, `LeaseSettings`,
 * `ACCESS_TOKEN_LIFETIME`.
 */
export interface NamedSubject {
  /** The end of "changes …". */
  readonly what: string;
  readonly risk: Risk;
  /** Words that name it by themselves. */
  readonly words: ReadonlySet<string>;
  /** Two words in a row, joined: "refreshtoken". */
  readonly pairs: ReadonlySet<string>;
  /** Words that name it only where the file, the folder, the function or what is imported is about it. */
  readonly near: ReadonlySet<string>;
  readonly places: ReadonlySet<string>;
  /** Words beside which it means something else. */
  readonly not: ReadonlySet<string>;
  readonly main: readonly SignalKind[];
  readonly also: readonly SignalKind[];
  /** Whether a file that is called so and does something is enough, whatever its lines say. */
  readonly isTellingAlone: boolean;
}

interface Words {
  readonly what: string;
  readonly risk: Risk;
  readonly words?: string;
  readonly pairs?: string;
  readonly near?: string;
  readonly places?: string;
  readonly not?: string;
  readonly main: readonly SignalKind[];
  readonly also?: readonly SignalKind[];
  readonly isTellingAlone?: boolean;
}

function subject({ words = '', pairs = '', near = '', places = '', not = '', ...rest }: Words): NamedSubject {
  const [all, two, close, where, except] = [words, pairs, near, places, not].map(vocabulary);
  const none: ReadonlySet<string> = new Set();
  return {
    also: [],
    isTellingAlone: false,
    ...rest,
    words: all ?? none,
    pairs: two ?? none,
    near: close ?? none,
    places: where ?? none,
    not: except ?? none,
  };
}

export const NAMED_SUBJECTS: readonly NamedSubject[] = [
  subject({
    what: 'how much one page of a list holds',
    risk: 'low',
    pairs: 'pagesize pagelimit perpage defaultlimit maxlimit maxresults listlimit',
    not: 'upload memory rate retry retries attempts pool connections heap cpu',
    main: ['http.latency_p95', 'db.query_latency_p95'],
    also: ['process.memory'],
  }),
  subject({
    what: 'what is cached, under which name and for how long',
    risk: 'medium',
    pairs:
      'cachekey cachekeys cachettl cachefor cacheversion invalidatecache clearcache bustcache cachetag cachetags',
    near: 'key keys ttl expiry expires stale invalidate evict forget remember entry',
    places: 'cache caches caching cached memo',
    not: 'npm yarn docker build dns session lock',
    main: ['cache.hit_ratio'],
    also: ['http.latency_p95'],
  }),
  subject({
    what: 'which copy of the database is asked',
    risk: 'medium',
    words: 'replica',
    pairs:
      'readreplica readerengine readersession getreader readerurl readonlyurl replicaurl readpool readerdb dbreader secondarypreferred readpreference connectedto readingrole readonlydb',
    near: 'replicas reader readers',
    places: 'replica replicas store stores sqlstore database db repository repositories datasource',
    not: 'pods deployment hpa statefulset min max count kafka autoscaling shard node',
    main: ['db.replication_lag'],
    also: ['db.error_rate', 'db.query_latency_p95'],
  }),
  subject({
    what: 'how passwords are hashed',
    risk: 'high',
    words: 'argon2 argon2id bcrypt scrypt pbkdf2 rehash',
    pairs:
      'passwordhash passwordverify passwordneedsrehash hashpassword verifypassword memorycost timecost saltrounds',
    places: 'hasher hashing',
    main: ['auth.login_failure_rate', 'http.latency_p95', 'process.cpu'],
  }),
  subject({
    what: 'how tokens are given out and renewed',
    risk: 'high',
    pairs:
      'refreshtoken refreshtokens tokenrefresh rotaterefresh tokenrotation refreshsession renewtoken refreshgrant tokenlifetime accesstokens refreshlifetime invalidgrant tokenfamily',
    near: 'rotate rotated rotation reuse reused family revoke revoked grace replayed grant lease renew',
    places: 'refresh oauth oauth2 token tokens renewer renewal',
    not: 'page cursor csrf',
    main: ['auth.token_refresh_failure_rate', 'auth.session_loss_rate'],
    also: ['auth.unauthorized_rate'],
  }),
  subject({
    what: 'who is taken for signed in',
    risk: 'high',
    words: 'jwt jwks oidc bearer saml audience issuer authenticator unauthenticated',
    pairs:
      'accesstoken idtoken authtoken bearertoken apikey apikeys authheader fallbackpolicy requireauthenticated authenticationscheme',
    near: 'verify decode claims leeway header scheme principal',
    places: 'authn authentication authenticate jwt oidc oauth sso identity authenticator',
    not: 'page cursor csrf cancellation throttle limiter',
    main: ['auth.unauthorized_rate'],
    also: ['http.error_rate'],
  }),
  subject({
    what: 'how long somebody stays signed in',
    risk: 'high',
    words: 'signout logout',
    pairs:
      'sessioncookie sessionstore sessionttl sessiontimeout cookiestore sessionoptions sessionmiddleware sessioncookies rememberme cookieserializer cookiesserializer',
    near: 'cookie cookies ttl expire expires maxage idle revoke samesite',
    places: 'session sessions cookie cookies',
    not: 'db database sql orm query aiohttp requests http client planning game training model models export',
    main: ['auth.session_loss_rate'],
    also: ['auth.unauthorized_rate'],
  }),
  subject({
    what: 'how people sign in',
    risk: 'high',
    words: 'login signin mfa totp webauthn passkey lockout',
    pairs: 'signin loginattempt onetime magiclink verifypassword',
    near: 'attempt attempts failed credentials challenge factor',
    places: 'login signin signup mfa password passwords',
    not: 'redis smtp database registry docker',
    main: ['auth.login_failure_rate'],
  }),
  subject({
    what: 'who may do what',
    risk: 'high',
    words: 'permission permissions authorize authorized forbidden acl rbac abac entitlement entitlements',
    pairs:
      'hasrole hasauthority hasscope canaccess isowner ismember isadmin requirerole requirescope canread canedit sharelevel accesslevel',
    near: 'allow allowed deny denied member members owner role roles scope scopes inherit level',
    places:
      'authorization authz permissions permission policies policy ability abilities acl rbac voters voter roles',
    not: 'retry eviction cache lifecycle iam file bucket http ssl redis notification connector connectors payment payments capture charge acquirer',
    main: ['auth.forbidden_rate'],
    also: ['http.client_error_rate'],
    isTellingAlone: true,
  }),
  subject({
    what: 'how often somebody may ask',
    risk: 'medium',
    words:
      'throttle throttled throttles throttler throttling ratelimit ratelimiter ratelimits limiter quota quotas',
    pairs: 'ratelimit ratelimiting ratelimiter requestsper perminute limitby burstsize ratebased',
    near: 'key window limit bucket burst consumer weight cost',
    places: 'throttle throttles throttling ratelimit limiter limiters quota',
    not: 'cpu memory log debounce render batch job worker disk',
    main: ['ratelimit.rejected_rate'],
    also: ['http.client_error_rate'],
    isTellingAlone: true,
  }),
  subject({
    what: 'the webhooks that are sent',
    risk: 'medium',
    words: 'webhook webhooks',
    pairs: 'hookdelivery deliverhook hooksignature',
    near: 'signature sign signed hmac payload body deliver delivery secret header headers',
    places: 'webhook webhooks hooks',
    not: 'stripe github incoming inbound receive received react',
    main: ['webhook.delivery_failure_rate'],
  }),
  subject({
    what: 'what people are told by mail or message',
    risk: 'medium',
    words: 'mailer mailers sms unsubscribe reminder reminders',
    pairs:
      'sendmail sendemail deliverlater deliverynow pushnotification mailtemplate emailtemplate notifyuser digestmail',
    near: 'send deliver template recipient recipients outgoing remind reminder invite',
    places:
      'mailer mailers mail mails email emails notification notifications notifier sms digest digests reminder reminders',
    not: 'validate validator address form sha256 crypto hash event kafka queue commit git',
    main: ['notification.delivery_failure_rate'],
    isTellingAlone: true,
  }),
  subject({
    what: 'how money is taken or given back',
    risk: 'high',
    words: 'refund refunds payout payouts chargeback',
    pairs: 'paymentintent paymentmethod chargecard paymentprovider capturepayment paymentid',
    near: 'capture authorize amount charge attempt attempts settle currency',
    places: 'payment payments refund refunds billing payout payouts charges acquirer',
    not: 'screen media group regex',
    main: ['payment.failure_rate'],
    also: ['payment.duplicate_rate', 'payment.amount_mismatch_rate'],
    isTellingAlone: true,
  }),
  subject({
    what: 'the key that keeps money from being taken twice',
    risk: 'high',
    near: 'idempotency idempotent requestid attempt attempts dedupe retry',
    pairs: 'capturekey refundkey chargekey',
    places: 'payment payments refund refunds capture captures charge charges authorizations gateway acquirer',
    not: 'ingress api graphql federation',
    main: ['payment.duplicate_rate'],
  }),
  subject({
    what: 'what is stored as objects and files',
    risk: 'medium',
    words: 'presigned presign s3 blobs',
    pairs: 'objectkey signedurl storagekey',
    near: 'put download object size checksum blob',
    places: 'upload uploads storage bucket attachment attachments blobs objectstore',
    not: 'local session rate limit limits limiter token histogram form cache job',
    main: ['storage.error_rate'],
  }),
  subject({
    what: 'how files are sent in',
    risk: 'medium',
    words: 'multipart',
    pairs: 'uploadurl uploadfile fileupload uploadpart',
    near: 'upload put part parts checksum contenttype',
    places: 'upload uploads attachment attachments',
    not: 'local session rate limit limits limiter token histogram form cache job download',
    main: ['storage.upload_failure_rate'],
    also: ['storage.error_rate'],
  }),
  subject({
    what: 'whether an instance counts as ready',
    risk: 'medium',
    words: 'healthz readyz livez readiness liveness healthcheck healthchecks',
    pairs: 'healthcheck readinessprobe livenessprobe startupprobe isready healthindicator initialdelay',
    near: 'ready alive status ping check',
    places: 'health healthz readiness liveness healthcheck healthchecks probes',
    not: 'log logging quiet retry retrying backoff host remote peer domain upstream provider connector days',
    main: ['process.readiness_failure_rate', 'process.restart_rate'],
    isTellingAlone: true,
  }),
  subject({
    what: 'what is logged',
    risk: 'low',
    pairs:
      'loglevel logrequest requestlog accesslog logbody customprops httplog logformat customloglevel logexchange loggingmiddleware',
    near: 'body bodies headers level fields',
    places: 'logging httplog requestlog accesslog',
    not: 'audit catalog changelog login',
    main: ['log.volume'],
    also: ['http.latency_p95'],
  }),
  subject({
    what: 'how many connections to the database there are',
    risk: 'medium',
    words: 'hikari pgbouncer connectionpool dbpool',
    pairs: 'maxconns maxconnections poolsize maxopen maxpool minidle maximumpool connectionlimit',
    near: 'max min idle acquire checkout',
    places: 'pool hikari pgbouncer',
    not: 'thread threads executor http worker object carpool host',
    main: ['db.pool_saturation'],
    also: ['db.timeout_rate'],
  }),
  subject({
    what: 'heavy work on images, documents or archives',
    risk: 'medium',
    words: 'exif imageops imagick sharp imagemagick ffmpeg puppeteer wkhtmltopdf ocr transcode',
    pairs: 'imageopen readall tobuffer imageio bufferedimage memorystream',
    near: 'resize render decode buffer concurrency pages',
    places: 'thumbnail thumbnails thumbnailer pdf transcoder images',
    not: 'docker registry container pull svg',
    main: ['process.memory'],
    also: ['process.cpu'],
  }),
  subject({
    what: 'what others may send us',
    risk: 'medium',
    words: 'badrequest unprocessable',
    pairs: 'badrequest formrequest validationerror unprocessableentity unprocessablecontent invalidinput',
    near: 'required min max length nullable allowed reject strict pattern rule rules',
    places: 'validation validators validator requests dto dtos forms',
    not: 'token jwt signature certificate',
    main: ['http.client_error_rate'],
  }),
  subject({
    what: 'when and how often something runs by itself',
    risk: 'medium',
    words: 'crontab withoutoverlapping ononeserver everyminute runinbackground schedulerlock',
    pairs: 'beatschedule cronexpression schedulelock fixedrate fixeddelay everyminute',
    near: 'cron overlapping overlap every interval minutes',
    places: 'schedule scheduler schedules cron crontab beat',
    not: 'delivery calendar shift booking',
    main: ['queue.duplicate_rate'],
    also: ['queue.depth', 'queue.job_failure_rate'],
  }),
];
