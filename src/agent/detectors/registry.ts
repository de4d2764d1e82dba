import type { Detector } from '../detector.ts';
import { authenticationDetector } from './authentication.ts';
import { authorizationDetector } from './authorization.ts';
import { cacheDetector } from './cache.ts';
import { callInLoopDetector } from './call-in-loop.ts';
import { callLimitDetector } from './call-limit.ts';
import { errorHandlingDetector } from './error-handling.ts';
import { fanOutDetector } from './fan-out.ts';
import { frontEndDetector } from './front-end.ts';
import { hotPathDetector } from './hot-path.ts';
import { infrastructureDetector } from './infrastructure.ts';
import { lockDetector } from './lock.ts';
import { loggingDetector } from './logging.ts';
import { messageShapeDetector } from './message-shape.ts';
import { migrationDetector } from './migration.ts';
import { namedSubjectDetector } from './named-subject.ts';
import { notificationDetector } from './notification.ts';
import { outboundCallDetector } from './outbound-call.ts';
import { packageDetector } from './package.ts';
import { paymentDetector } from './payment.ts';
import { poolDetector } from './pool.ts';
import { processSettingsDetector } from './process-settings.ts';
import { queryDetector } from './query.ts';
import { queueDetector } from './queue.ts';
import { rateLimitDetector } from './rate-limit.ts';
import { readinessDetector } from './readiness.ts';
import { requestHandlerDetector } from './request-handler.ts';
import { responseStatusDetector } from './response-status.ts';
import { serializationDetector } from './serialization.ts';
import { storageDetector } from './storage.ts';
import { telemetryDetector } from './telemetry.ts';
import { transactionDetector } from './transaction.ts';
import { webhookDetector } from './webhook.ts';

/** Every detector, those whose harm is worst first. The order breaks ties between checks. */
export const DETECTORS: readonly Detector[] = [
  // Money, people's accounts, data that is there once.
  paymentDetector,
  authenticationDetector,
  authorizationDetector,
  migrationDetector,
  messageShapeDetector,
  // What many requests share, and what one request multiplies.
  callInLoopDetector,
  fanOutDetector,
  lockDetector,
  transactionDetector,
  poolDetector,
  queueDetector,
  rateLimitDetector,
  cacheDetector,
  webhookDetector,
  callLimitDetector,
  outboundCallDetector,
  queryDetector,
  storageDetector,
  notificationDetector,
  serializationDetector,
  // How a process lives and what it is given.
  readinessDetector,
  processSettingsDetector,
  infrastructureDetector,
  hotPathDetector,
  errorHandlingDetector,
  packageDetector,
  frontEndDetector,
  loggingDetector,
  telemetryDetector,
  responseStatusDetector,
  // What names alone tell.
  namedSubjectDetector,
  // What is left: a request is answered somehow.
  requestHandlerDetector,
];
