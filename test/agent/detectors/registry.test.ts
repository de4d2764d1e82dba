import { describe } from 'vitest';
import { detects, read, ts } from './detects.ts';

const WORDS = 'cache.get(id) jwt.verify(token) fetch(url) db.query(x) stripe.charge() throw retry timeout';
describe('the same words mean nothing', () => {
  detects([
    { title: 'in a comment', path: ts, before: read, after: `// ${WORDS}\n${read}`, kinds: [] },
    { title: 'in a string', path: ts, before: read, after: `say('${WORDS}');\n${read}`, kinds: [] },
    {
      title: 'in a comment of the removed side',
      path: ts,
      before: `/* ${WORDS} */\n${read}`,
      after: read,
      kinds: [],
    },
    {
      title: 'in a documentation string',
      path: 'app/a.py',
      before: null,
      after: `"""${WORDS}\n\n${WORDS}\n"""\n`,
      kinds: [],
    },
    {
      title: 'in a test',
      path: 'test/a.test.ts',
      before: null,
      after: `${WORDS.replaceAll(') ', ');\n')}\n`,
      kinds: [],
    },
    { title: 'in a document', path: 'docs/a.md', before: null, after: `${WORDS}\n`, kinds: [] },
    {
      title: 'in an import',
      path: ts,
      before: read,
      after: `import { cache, jwt, fetch, db, stripe } from './all.ts';\n${read}`,
      kinds: [],
    },
    {
      title: 'in another indentation',
      path: ts,
      before: 'await redis.get(id);\nawait fetch(url);\n',
      after: '  await redis.get(id);\n  await fetch(url);\n',
      kinds: [],
    },
    {
      title: 'broken over other lines',
      path: ts,
      before: 'await db.query(text, id);\n',
      after: 'await db.query(\n  text,\n  id,\n);\n',
      kinds: [],
    },
    {
      title: 'with other line endings',
      path: ts,
      before: 'await fetch(url);\n',
      after: 'await fetch(url);\r\n',
      kinds: [],
    },
  ]);
});
