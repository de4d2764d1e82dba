import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('packages', () => {
  const manifest = (section: string, version: string): string =>
    `{\n  "${section}": {\n    "ioredis": "${version}"\n  }\n}\n`;
  detects([
    {
      title: 'a library the service runs on',
      path: 'package.json',
      before: manifest('dependencies', '1'),
      after: manifest('dependencies', '2'),
      kinds: ['cache.error_rate', 'cache.latency_p95'],
    },
    {
      title: 'not one of development',
      path: 'package.json',
      before: manifest('devDependencies', '1'),
      after: manifest('devDependencies', '2'),
      kinds: [],
    },
    {
      title: 'a Go module',
      path: 'go.mod',
      before: null,
      after: 'require github.com/redis/go-redis/v9 v9.1.0\n',
      kinds: ['cache.error_rate', 'cache.latency_p95'],
    },
    {
      title: 'not a library we know nothing of',
      path: 'requirements.txt',
      before: null,
      after: 'leftpad==1.0\n',
      kinds: [],
    },
  ]);
});
