import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('logging', () => {
  detects([
    {
      title: 'an error that is logged',
      path: 'src/shop/a.ts',
      before: 'function f(id) {\n  return load(id);\n}\n',
      after: 'function f(id) {\n  logger.error("stock is wrong", { id });\n  return load(id);\n}\n',
      kinds: ['log.error_volume'],
    },
    {
      title: 'an error that is no longer logged, in Java',
      path: 'src/main/java/A.java',
      before: 'void a() {\n  log.error("x");\n  go();\n}\n',
      after: 'void a() {\n  go();\n}\n',
      kinds: ['log.error_volume'],
    },
    {
      title: 'a line per item, in Go',
      path: 'a.go',
      before: 'func f() {\n\tfor _, x := range xs {\n\t\trun(x)\n\t}\n}\n',
      after: 'func f() {\n\tfor _, x := range xs {\n\t\trun(x)\n\t\tslog.Info("ran", "x", x)\n\t}\n}\n',
      kinds: ['log.volume'],
    },
    {
      title: 'another level',
      path: 'config/app.yaml',
      before: 'logging:\n  level: info\n',
      after: 'logging:\n  level: debug\n',
      kinds: ['log.volume'],
    },
    {
      title: 'not another message',
      path: 'src/shop/a.ts',
      before: 'logger.error("a");\n',
      after: 'logger.error("b");\n',
      kinds: [],
    },
    {
      title: 'not one line more',
      path: 'src/shop/a.ts',
      before: 'function f(id) {\n  return load(id);\n}\n',
      after: 'function f(id) {\n  logger.info("ran");\n  return load(id);\n}\n',
      kinds: [],
    },
  ]);
});
