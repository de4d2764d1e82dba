import type { SignalKind } from '../../core/plan/signal-kinds.ts';
import { type CodeLine, changedLines } from '../code/changed-code.ts';
import { because, type DetectedCheck, type Detector, guard, secondary } from '../detector.ts';

interface Ground {
  readonly name: RegExp;
  /** A file that is all about it; what is sized there is its size. */
  readonly file?: RegExp;
  readonly what: string;
  readonly main: readonly SignalKind[];
  readonly also: readonly SignalKind[];
  readonly isShared: boolean;
}

/** A switch people are let through by: the code behind it is what changes. */
const FLAG_NAME =
  /(?:^|[._-])(?:feature_?flags?|features?|flags?|toggles?|experiments?)[._]\w|(?:^|[._])(?:enable|enabled|disable|disabled|use_new)_?\w*$|_(?:enabled|disabled)$/i;
const SIZES =
  /(?:^|[._])(?:node_type|instance_(?:class|type)|replicas|num_\w+|maxmemory\w*|memory\w*|engine_version|timeout|parameter\w*|iops|storage|tier|max_connections|default)$/i;
const QUIET_NAME =
  /alarm|alert|dashboard|monitor|notify|metric|visibility|sampled|performance_insights|auto_commit|log|tags?\b|description|label|annotation.*(?:owner|team)|test|telemetry/i;

/** First match speaks: names are paths of settings, as `resource.aws_db_instance_orders.instance_class`. */
const GROUNDS: readonly Ground[] = [
  {
    name: /aws_(?:db|rds)_\w+.*\b(?:instance_class|engine_version|allocated_storage|iops|parameter|max_connections)|sql_database_instance.*\b(?:tier|database_version)|db_parameter_group/i,
    file: /(?:^|[/_.-])(?:rds|postgres(?:ql)?|mysql|aurora|cloudsql)(?:[/_.-]|$)/i,
    what: 'the database server',
    main: ['db.query_latency_p95', 'db.error_rate'],
    also: ['db.pool_saturation'],
    isShared: true,
  },
  {
    name: /aws_elasticache_\w+.*\b(?:node_type|num_\w+|engine_version|parameter|maxmemory|automatic_failover\w*|multi_az\w*)|maxmemory(?:_policy)?$|redis_instance.*memory_size|(?:^|[._])(?:num_cache_\w+|cache_node_type)$/i,
    file: /(?:^|[/_.-])(?:redis|elasticache|memcached|valkey)(?:[/_.-]|$)/i,
    what: 'the cache server',
    main: ['cache.hit_ratio', 'cache.evictions'],
    also: ['cache.error_rate', 'cache.latency_p95'],
    isShared: true,
  },
  {
    name: /aws_(?:security_group|iam|network_acl|vpc_endpoint|route53|secretsmanager)\w*|networkpolicy|egress\b|security_group|iam_\w+|roleRef|vpc_config/i,
    what: 'what the service may reach',
    main: ['dependency.error_rate', 'http.error_rate'],
    also: [],
    isShared: false,
  },
  {
    name: /aws_s3_bucket\w*|storage_bucket\w*|\bcors_rule|bucket_policy/i,
    what: 'the object store',
    main: ['storage.error_rate'],
    also: ['storage.upload_failure_rate'],
    isShared: true,
  },
  {
    name: /(?:^|[._])(?:replicas|replicaCount|min_?replicas|max_?replicas|desired_(?:count|capacity)|min_(?:size|capacity|instances)|max_(?:size|capacity|instances)|maxSurge|maxUnavailable|targetCPU\w*|averageUtilization|target_value|minAvailable|autoscaling[\w.]*)$/i,
    what: 'how many instances there are',
    main: ['http.latency_p95'],
    also: ['http.error_rate', 'process.cpu'],
    isShared: false,
  },
  {
    name: /idle_?timeout|(?:proxy|ingress|nginx|gateway|virtualservice|route|backend|upstream)[\w.-]*timeout|timeoutSec|proxy_(?:read|send|connect)_timeout|lb_\w+.*timeout|deregistration_delay|proxy[-_]body[-_]size/i,
    what: 'how long requests may take on their way here',
    main: ['http.error_rate', 'http.latency_p95'],
    also: [],
    isShared: false,
  },
  {
    name: /(?:^|[._])(?:concurrencyPolicy|activeDeadlineSeconds|startingDeadlineSeconds|backoffLimit)$|cron\w*\.(?:\w+\.)*schedule$|^spec\.schedule$/i,
    what: 'when and how often a job runs',
    main: ['queue.duplicate_rate', 'queue.job_duration_p95'],
    also: ['queue.job_failure_rate'],
    isShared: false,
  },
  {
    name: /lambda_function.*\btimeout$|function\w*\.timeout$/i,
    what: 'how long a function may run',
    main: ['http.error_rate', 'http.latency_p95'],
    also: [],
    isShared: false,
  },
];

/** What the service stands on: instances, servers of others, ways through the network; and switches in its settings. */
export const infrastructureDetector: Detector = {
  id: 'infrastructure',
  subject: 'what the service stands on',
  risk: 'medium',
  detect(file) {
    if (file.language !== 'settings' || file.pathClass !== 'config') return [];
    const settings = changedLines(file).filter(
      (line) => line.kind !== 'context' && nameOfSetting(line) !== '',
    );
    const found = GROUNDS.map((ground) => ({ ground, lines: [] as CodeLine[] }));
    const flags: CodeLine[] = [];
    for (const line of settings) {
      const name = nameOfSetting(line);
      if (QUIET_NAME.test(name)) continue;
      const hit = found.find(
        ({ ground }) => ground.name.test(name) || (ground.file?.test(file.path) === true && SIZES.test(name)),
      );
      if (hit !== undefined) hit.lines.push(line);
      else if (
        line.novelty === 'code' &&
        FLAG_NAME.test(name) &&
        /= (?:true|false|on|off|\d{1,3})$/.test(line.code)
      )
        flags.push(line);
    }
    return [...found.flatMap(({ ground, lines }) => groundChecks(ground, lines)), ...flagChecks(flags)];
  },
};

function groundChecks(
  { what, main, also, isShared }: Ground,
  lines: readonly CodeLine[],
): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const reason = because(lines, `changes ${what}`, { flags: isShared ? ['shared_by_both_fleets'] : [] });
  return [...main.map((kind) => guard(kind, reason)), ...also.map((kind) => secondary(guard(kind, reason)))];
}

function flagChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const names = lines
    .map((line) => nameOfSetting(line).split('.').slice(-2).join('.'))
    .slice(0, 2)
    .join(', ');
  const reason = because(lines, `turns a switch over (${names}), and what is behind it runs or stops`);
  return [
    guard('http.error_rate', reason),
    guard('business.core_action_rate', reason),
    secondary(guard('http.latency_p95', reason)),
  ];
}

function nameOfSetting(line: CodeLine): string {
  return /^([\w.$-]{1,300}) =/.exec(line.code)?.[1] ?? '';
}
