import { describe } from 'vitest';
import { detects, ts } from './detects.ts';

describe('error handling', () => {
  const caught = 'try {\n  run();\n} catch (error) {\n  throw new Failed(error);\n}\n';
  detects([
    {
      title: 'an error that is now swallowed',
      path: ts,
      before: caught,
      after: caught.replace('throw new Failed(error)', 'log.warn(error)'),
      kinds: ['business.core_action_rate', 'log.error_volume'],
    },
    {
      title: 'an empty catch',
      path: ts,
      before: 'await run();\n',
      after: 'await run().catch(() => {});\n',
      kinds: ['business.core_action_rate', 'log.error_volume'],
    },
    {
      title: 'an error that is now passed on',
      path: ts,
      before: caught.replace('throw new Failed(error)', 'log.warn(error)'),
      after: caught,
      kinds: ['http.error_rate'],
    },
    {
      title: 'not a catch that answers',
      path: ts,
      before: 'run();\n',
      after: 'try {\n  run();\n} catch {\n  answer.status(503);\n}\n',
      kinds: [],
    },
  ]);
});
