import type { SignalKind } from '../../core/plan/signal-kinds.ts';

/** A part of a service that libraries carry, and the signals that show when one of them is worse than before. */
export interface Subsystem {
  readonly name: string;
  /** As their registries spell them, lower-cased. */
  readonly packages: string;
  /** Most telling first. */
  readonly signals: readonly SignalKind[];
}

export const SUBSYSTEMS: readonly Subsystem[] = [
  {
    name: 'payments',
    packages: `
    stripe adyen braintree paypal stripe-java stripe-ruby @stripe/stripe-js @adyen/api-library @paypal/checkout-server-sdk
    braintree-web square razorpay mollie-api-php @mollie/api-client stripe.net stripe-go async-stripe stripe/stripe-php dinero.js
`,
    signals: ['payment.failure_rate', 'payment.duplicate_rate'],
  },
  {
    name: 'authentication',
    packages: `
    jsonwebtoken jose passport express-session pyjwt authlib golang-jwt devise omniauth spring-boot-starter-security
    bcrypt bcryptjs argon2 next-auth passport-jwt openid-client python-jose oauthlib spring-security-core jwt
    lcobucci/jwt laravel/passport laravel/sanctum tymon/jwt-auth keycloak-connect @auth0/nextjs-auth0 express-jwt djangorestframework-simplejwt
    microsoft.aspnetcore.authentication.jwtbearer coreos/go-oidc doorkeeper spring-boot-starter-oauth2-resource-server
`,
    signals: ['auth.unauthorized_rate', 'auth.login_failure_rate'],
  },
  {
    name: 'the database',
    packages: `
    pg mysql mysql2 knex prisma @prisma/client typeorm sequelize mongoose mongodb drizzle-orm sqlalchemy
    psycopg psycopg2 psycopg2-binary asyncpg pymongo pgx gorm sqlx diesel activerecord hikaricp hibernate-core npgsql
    lib/pq mongo-driver alembic flyway-core liquibase-core postgresql mysql-connector-java mysql-connector-j spring-boot-starter-data-jpa
    microsoft.entityframeworkcore npgsql.entityframeworkcore.postgresql dapper doctrine/orm doctrine/dbal tokio-postgres
    sea-orm deadpool-postgres mikro-orm @mikro-orm/core slick exposed-core jooq pg-pool go-sql-driver bun kysely peewee
`,
    signals: ['db.error_rate', 'db.query_latency_p95'],
  },
  {
    name: 'the cache',
    packages: `
    redis ioredis go-redis jedis lettuce-core memcached memjs dalli lru-cache node-cache django-redis aioredis redis-py
    predis/predis stackexchange.redis caffeine ehcache bb8-redis moka redisson spring-boot-starter-data-redis cache-manager
`,
    signals: ['cache.error_rate', 'cache.latency_p95'],
  },
  {
    name: 'background jobs',
    packages: `
    bullmq bull bee-queue celery sidekiq kafkajs amqplib confluent-kafka sarama rq kafka-clients spring-kafka
    spring-rabbit kafka-python aiokafka pika resque delayed_job good_job masstransit hangfire confluent.kafka rdkafka
    lapin dramatiq kombu @aws-sdk/client-sqs sqs-consumer agenda pg-boss amqp091-go kafka-go aio-pika rabbitmq.client bunny
    @nestjs/bullmq segmentio/kafka-go
`,
    signals: ['queue.job_failure_rate', 'queue.oldest_age'],
  },
  {
    name: 'calls to other services',
    packages: `
    axios got undici node-fetch superagent ky requests httpx aiohttp urllib3 faraday httparty okhttp
    reqwest guzzlehttp/guzzle @grpc/grpc-js p-retry grpcio tenacity google.golang.org/grpc resty retryablehttp grpc-netty
    resilience4j-spring-boot3 polly microsoft.extensions.http.polly opossum hyper tonic httpclient5 feign-core retrofit typhoeus
    axios-retry async-retry go-retryablehttp cockatiel spring-cloud-starter-openfeign
`,
    signals: ['dependency.error_rate', 'dependency.latency_p95'],
  },
  {
    name: 'object storage',
    packages: `
    @aws-sdk/client-s3 @aws-sdk/s3-request-presigner @google-cloud/storage @azure/storage-blob minio boto3 aws-sdk-s3 awssdk.s3
    google-cloud-storage multer multer-s3 carrierwave shrine django-storages league/flysystem-aws-s3-v3 busboy azure-storage-blob
`,
    signals: ['storage.error_rate', 'storage.upload_failure_rate'],
  },
  {
    name: 'the form of payloads',
    packages: `
    zod ajv joi yup protobufjs jackson-databind gson pydantic marshmallow newtonsoft.json serde serde_json protobuf
    class-validator class-transformer fast-json-stringify msgpack avsc protobuf-java oj kotlinx-serialization-json prost
    google.golang.org/protobuf fast-xml-parser xml2js body-parser qs
`,
    signals: ['serialization.error_rate', 'http.client_error_rate'],
  },
  {
    name: 'messages to people',
    packages:
      'nodemailer @sendgrid/mail mailgun.js twilio firebase-admin postmark resend sendgrid mailgun @aws-sdk/client-ses symfony/mailer',
    signals: ['notification.delivery_failure_rate'],
  },
  {
    name: 'rate limits',
    packages:
      'express-rate-limit rate-limiter-flexible @fastify/rate-limit slowapi rack-attack bucket4j-core @nestjs/throttler django-ratelimit flask-limiter rate-limit-redis tower_governor',
    signals: ['ratelimit.rejected_rate'],
  },
  {
    name: 'logging',
    packages:
      'winston pino bunyan zap zerolog logrus loguru structlog logback-classic log4j-core serilog lograge slf4j-api monolog/monolog',
    signals: ['log.volume', 'log.error_volume'],
  },
  {
    name: 'metrics and traces',
    packages: `
    prom-client dd-trace newrelic @opentelemetry/api @opentelemetry/sdk-node prometheus-client prometheus_client client_golang
    micrometer-registry-prometheus ddtrace opentelemetry-sdk @sentry/node sentry-sdk opentelemetry-instrumentation
    go.opentelemetry.io/otel yabeda
`,
    signals: ['telemetry.cardinality', 'process.memory'],
  },
  {
    name: 'the pages',
    packages:
      'react react-dom vue svelte @angular/core preact next-themes @tanstack/react-query redux @reduxjs/toolkit zustand react-router react-router-dom swr solid-js @apollo/client nuxt @sveltejs/kit styled-components',
    signals: ['frontend.js_error_rate', 'frontend.web_vitals'],
  },
  {
    name: 'requests',
    packages: `
    express fastify koa hono next @nestjs/core flask django fastapi starlette gin echo fiber uvicorn gunicorn puma
    spring-boot-starter-web rails rack actix-web axum laravel/framework gin-gonic/gin go-chi/chi gorilla/mux djangorestframework sinatra
    @nestjs/platform-express ktor-server-core spring-boot-starter-webflux symfony/framework-bundle warp rocket sanic werkzeug apollo-server
    @apollo/server graphql spring-boot-starter-parent org.springframework.boot unicorn hapi @hapi/hapi micronaut-http-server tokio
`,
    signals: ['http.error_rate', 'http.latency_p95'],
  },
];
