import { type ChangedFile, type CodeLine, changedLines } from '../code/changed-code.ts';
import {
  because,
  type DetectedCheck,
  type Detector,
  guard,
  isUnder,
  secondary,
  vocabulary,
} from '../detector.ts';
import { nameOf } from '../diff/path-class.ts';

const MEMORY_NAME =
  /(?:resources|limits|requests)[\w.]*\.memory\b|\bmemory_?(?:limit|size|mb|request|reservation)\b|GOMEMLIMIT|GOGC|max_old_space|heap_?(?:size|max)|mem_limit|\.memory$|malloc_arena/i;
const CPU_NAME =
  /(?:resources|limits|requests)[\w.]*\.cpu\b|\bcpu_?(?:limit|request|units|shares|quota)\b|GOMAXPROCS|\.cpu$/i;
const WORKERS_NAME =
  /\b(?:WEB_CONCURRENCY|workers?|worker_processes|worker_count|threads?|max_threads|min_threads|UV_THREADPOOL_SIZE|RAILS_MAX_THREADS|GUNICORN_WORKERS|pm\.max_children|max_children|num_workers|thread_?pool_?size|server\.tomcat\.threads[\w.]*|puma_workers|worker_connections|max_requests|preload_app)$/i;
const FLAG_TEXT =
  /--max[-_]old[-_]space[-_]size|-Xm[sx]\d|-XX:Max|--workers?\b|--threads?\b|--max-requests|--preload|MaxRAMPercentage|jemalloc/;
/** `FROM node:24` reads like a setting whose name is "FROM node". */
const BASE_IMAGE = /^FROM[\s_]\S/i;
/** Workers of a queue take jobs; that is the queue's own subject. */
const QUEUE_NAME = /queue|job|kafka|sidekiq|celery|consumer|sqs|prefetch/i;

/** What a process is given: memory, processor time, workers and threads, and the image it runs in. */
export const processSettingsDetector: Detector = {
  id: 'process-settings',
  subject: 'what a process is given to run with',
  risk: 'medium',
  detect(file) {
    if (file.pathClass !== 'config' && !isProcessFile(file)) return [];
    const changed = changedLines(file).filter((line) => line.kind !== 'context');
    const flags = changed.filter((line) => line.strings.some((text) => FLAG_TEXT.test(text)));
    const named = (pattern: RegExp): readonly CodeLine[] =>
      changed.filter((line) =>
        line.code.includes('=') || line.calls.length > 0 ? isNamed(line, pattern) : false,
      );
    const memory = [
      ...named(MEMORY_NAME),
      ...flags.filter((line) => line.strings.some((text) => /space|Xm|RAM|jemalloc/.test(text))),
    ];
    const workers = [
      ...named(WORKERS_NAME).filter((line) => /\d/.test(line.code) || line.calls.length > 0),
      ...flags.filter((line) => !memory.includes(line)),
    ];
    const image = nameOf(file.path).startsWith('dockerfile')
      ? changed.filter((line) => [line.code, ...line.strings].some((text) => BASE_IMAGE.test(text)))
      : [];
    return [
      ...memoryChecks(memory),
      ...(isUnder(file, WORKING) ? endedChecks(memory) : []),
      ...cpuChecks(named(CPU_NAME)),
      ...workerChecks(workers),
      ...imageChecks(image),
    ];
  },
};

function memoryChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'changes how much memory a process may take';
  return [
    guard('process.memory', because(lines, text)),
    guard('process.restart_rate', because(lines, `${text}, and one that takes more is ended`)),
  ];
}

/** Where jobs are done. */
const WORKING = vocabulary('worker workers job jobs consumer consumers transcoder renderer indexer');

function endedChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'changes how much memory a process may take, and what it was working on fails with it';
  return [guard('queue.job_failure_rate', because(lines, text))];
}

function cpuChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'changes how much processor time a process gets';
  return [
    guard('process.cpu', because(lines, text)),
    guard('http.latency_p95', because(lines, `${text}, and with less of it everything takes longer`)),
  ];
}

function workerChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'changes how many workers or threads a process has';
  return [
    guard('process.memory', because(lines, text)),
    guard('http.latency_p95', because(lines, text)),
    guard('process.cpu', because(lines, text)),
    secondary(guard('db.pool_saturation', because(lines, `${text}, each with connections of its own`))),
  ];
}

function imageChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'changes the image the process runs in';
  return [
    guard('process.restart_rate', because(lines, text)),
    guard('process.readiness_failure_rate', because(lines, text)),
    secondary(guard('http.error_rate', because(lines, text))),
    secondary(guard('process.memory', because(lines, text))),
  ];
}

function isNamed(line: CodeLine, pattern: RegExp): boolean {
  const path = /^([\w.$-]{1,300}) =/.exec(line.code)?.[1] ?? line.calls[0]?.name ?? line.names.join('.');
  return pattern.test(path) && !QUEUE_NAME.test(path);
}

/** Settings of application servers that are written as code: `config/puma.rb`, `gunicorn.conf.py`. */
function isProcessFile(file: ChangedFile): boolean {
  return /^(?:puma\.rb|unicorn\.rb|gunicorn[\w.-]*\.py|uvicorn[\w.-]*\.py|ecosystem\.config\.c?js|procfile)$/.test(
    nameOf(file.path),
  );
}
