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
      kinds: ['http.error_rate', 'business.core_action_rate', 'log.error_volume'],
    },
    {
      title: 'an empty catch',
      path: ts,
      before: 'await run();\n',
      after: 'await run().catch(() => {});\n',
      kinds: ['http.error_rate', 'business.core_action_rate', 'log.error_volume'],
    },
    {
      title: 'an error that is now passed on',
      path: ts,
      before: caught.replace('throw new Failed(error)', 'log.warn(error)'),
      after: caught,
      kinds: ['http.error_rate', 'log.error_volume'],
    },
    {
      title: 'not a catch that answers',
      path: ts,
      before: 'run();\n',
      after: 'try {\n  run();\n} catch {\n  answer.status(503);\n}\n',
      kinds: ['http.error_rate'],
    },
  ]);
});

describe('error handling, in more languages', () => {
  detects([
    {
      title: 'an error that is only logged, in Go',
      path: 'a.go',
      before: 'func f() error {\n\tif err := save(x); err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n',
      after:
        'func f() error {\n\tif err := save(x); err != nil {\n\t\tlog.Printf("x %v", err)\n\t}\n\treturn nil\n}\n',
      kinds: ['http.error_rate', 'business.core_action_rate', 'log.error_volume'],
    },
    {
      title: 'an error that ends the process, in Rust',
      path: 'src/a.rs',
      before: 'fn f() {\n    let x = parse(s)?;\n}\n',
      after: 'fn f() {\n    let x = parse(s).unwrap();\n}\n',
      kinds: ['http.error_rate', 'process.restart_rate'],
    },
    {
      title: 'an empty except, in Python',
      path: 'app/a.py',
      before: 'def f():\n    go()\n',
      after: 'def f():\n    try:\n        go()\n    except Exception:\n        pass\n    return 1\n',
      kinds: ['http.error_rate', 'business.core_action_rate', 'log.error_volume'],
    },
  ]);
});
