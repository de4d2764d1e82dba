import type { SignalKind } from '../../core/plan/signal-kinds.ts';
import type { ChangedFile, CodeLine } from '../changed-code.ts';
import { type Detector, guard, placesOf } from '../detector.ts';

interface Subsystem {
  readonly name: string;
  readonly packages: string;
  readonly signals: readonly SignalKind[];
}

const SUBSYSTEMS: readonly Subsystem[] = [
  {
    name: 'requests',
    packages: `
    express fastify koa hono next @nestjs/core flask django fastapi starlette gin echo fiber
    spring-boot-starter-web rails rack actix-web axum laravel/framework
`,
    signals: ['http.error_rate', 'http.latency_p95'],
  },
  {
    name: 'authentication',
    packages: `
    jsonwebtoken jose passport express-session pyjwt authlib golang-jwt devise omniauth
    spring-boot-starter-security bcrypt
`,
    signals: ['auth.unauthorized_rate', 'auth.login_failure_rate'],
  },
  {
    name: 'payments',
    packages: 'stripe adyen braintree paypal stripe-java',
    signals: ['payment.failure_rate'],
  },
  {
    name: 'the database',
    packages: `
    pg mysql mysql2 knex prisma @prisma/client typeorm sequelize mongoose mongodb drizzle-orm sqlalchemy
    psycopg psycopg2 asyncpg pymongo pgx gorm sqlx diesel activerecord hikaricp hibernate-core npgsql
`,
    signals: ['db.error_rate', 'db.query_latency_p95'],
  },
  {
    name: 'the cache',
    packages: 'redis ioredis go-redis jedis lettuce-core memcached memjs dalli lru-cache node-cache',
    signals: ['cache.error_rate', 'cache.latency_p95'],
  },
  {
    name: 'calls to other services',
    packages: `
    axios got undici node-fetch superagent ky requests httpx aiohttp urllib3 faraday httparty okhttp
    reqwest guzzlehttp/guzzle @grpc/grpc-js p-retry
`,
    signals: ['dependency.error_rate', 'dependency.latency_p95'],
  },
  {
    name: 'background jobs',
    packages: 'bullmq bull bee-queue celery sidekiq kafkajs amqplib confluent-kafka sarama rq',
    signals: ['queue.job_failure_rate', 'queue.oldest_age'],
  },
];

const BY_PACKAGE: ReadonlyMap<string, Subsystem> = new Map(
  SUBSYSTEMS.flatMap((subsystem) =>
    subsystem.packages
      .trim()
      .split(/\s+/)
      .map((name) => [name, subsystem] as const),
  ),
);
const DEVELOPMENT = /(?:^|[^a-z])(?:dev|devdependencies|test|tests|lint|docs)(?:[^a-z]|$)/;

/** Libraries the service runs on, when their version or their presence changes. Development ones do not count. */
export const packageDetector: Detector = {
  id: 'package',
  subject: 'libraries the service runs on',
  risk: 'medium',
  detect(file) {
    if (file.pathClass !== 'manifest' || DEVELOPMENT.test(file.path.toLowerCase())) return [];
    return SUBSYSTEMS.flatMap((subsystem) => {
      const lines = changedLines(file).filter((line) => subsystemsOf(line).has(subsystem));
      if (lines.length === 0) return [];
      const why = `${file.path} changes a library that ${subsystem.name} run${singular(subsystem)} through`;
      return subsystem.signals.map((kind) => guard(kind, { why, evidence: placesOf(lines) }));
    });
  },
};

function singular(subsystem: Subsystem): string {
  return /^the |^authentication/.test(subsystem.name) ? 's' : '';
}

function changedLines(file: ChangedFile): readonly CodeLine[] {
  return file.hunks
    .flatMap((hunk) => [...hunk.after, ...hunk.before])
    .filter((line) => line.novelty !== 'nothing' && line.novelty !== 'place');
}

/** Names are looked up whole and by the parts of an import path: "github.com/redis/go-redis/v9". */
function subsystemsOf(line: CodeLine): ReadonlySet<Subsystem> {
  const found = new Set<Subsystem>();
  const text = line.strings.join(' ').toLowerCase();
  if (DEVELOPMENT.test(text)) return found;
  for (const word of text.split(/[^\w@/.-]+/)) {
    for (const name of [word, ...word.split('/'), word.split('.').slice(1).join('.')]) {
      const subsystem = BY_PACKAGE.get(name);
      if (subsystem !== undefined) found.add(subsystem);
    }
  }
  return found;
}
