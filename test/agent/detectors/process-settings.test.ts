import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('process settings', () => {
  detects([
    {
      title: 'less memory',
      path: 'deploy/app.yaml',
      before: 'spec:\n  resources:\n    limits:\n      memory: 512Mi\n',
      after: 'spec:\n  resources:\n    limits:\n      memory: 256Mi\n',
      kinds: ['process.memory', 'process.restart_rate'],
    },
    {
      title: 'less processor time',
      path: 'deploy/app.yaml',
      before: 'spec:\n  resources:\n    limits:\n      cpu: 2\n',
      after: 'spec:\n  resources:\n    limits:\n      cpu: 1\n',
      kinds: ['process.cpu', 'http.latency_p95'],
    },
    {
      title: 'more workers, in Ruby',
      path: 'config/puma.rb',
      before: 'workers 2\nthreads 5, 5\n',
      after: 'workers 4\nthreads 5, 5\n',
      kinds: ['process.memory', 'http.latency_p95', 'process.cpu', 'db.pool_saturation'],
    },
    {
      title: 'a heap, in a Dockerfile',
      path: 'Dockerfile',
      before: 'ENV NODE_OPTIONS=--max-old-space-size=1024\n',
      after: 'ENV NODE_OPTIONS=--max-old-space-size=512\n',
      kinds: ['process.memory', 'process.restart_rate'],
    },
    {
      title: 'another image',
      path: 'Dockerfile',
      before: 'FROM node:20-slim\nCOPY . .\n',
      after: 'FROM node:24-slim\nCOPY . .\n',
      kinds: ['process.restart_rate', 'process.readiness_failure_rate', 'http.error_rate', 'process.memory'],
    },
    {
      title: 'not a label',
      path: 'deploy/app.yaml',
      before: 'metadata:\n  labels:\n    team: shop\n',
      after: 'metadata:\n  labels:\n    team: orders\n',
      kinds: [],
    },
  ]);
});
