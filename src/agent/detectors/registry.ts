import type { Detector } from '../detector.ts';
import { authDetector } from './auth.ts';
import { cacheDetector } from './cache.ts';
import { callInLoopDetector } from './call-in-loop.ts';
import { errorHandlingDetector } from './error-handling.ts';
import { migrationDetector } from './migration.ts';
import { outboundCallDetector } from './outbound-call.ts';
import { packageDetector } from './package.ts';
import { paymentDetector } from './payment.ts';
import { queryDetector } from './query.ts';
import { requestHandlerDetector } from './request-handler.ts';

/** Every detector, those whose harm is worst first. The order breaks ties between checks. */
export const DETECTORS: readonly Detector[] = [
  paymentDetector,
  authDetector,
  migrationDetector,
  callInLoopDetector,
  cacheDetector,
  outboundCallDetector,
  queryDetector,
  errorHandlingDetector,
  packageDetector,
  requestHandlerDetector,
];
