import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('hot path', () => {
  detects([
    {
      title: 'a file that is read while everybody waits',
      path: 'src/shop/pdf.ts',
      before: 'async function f(p) {\n  const t = await readFile(p);\n}\n',
      after: 'async function f(p) {\n  const t = fs.readFileSync(p);\n}\n',
      kinds: ['process.event_loop_lag', 'http.latency_p95', 'process.cpu'],
    },
    {
      title: 'a pattern that is compiled per item',
      path: 'app/x.py',
      before: 'def f(xs):\n    for x in xs:\n        go(x)\n',
      after: 'def f(xs):\n    for x in xs:\n        if re.compile(P).match(x):\n            go(x)\n',
      kinds: ['process.cpu', 'http.latency_p95'],
    },
    {
      title: 'a body that is held as a whole, in Go',
      path: 'a.go',
      before: 'func f() {\n\tgo1(r.Body)\n}\n',
      after: 'func f() {\n\tb, err := io.ReadAll(r.Body)\n}\n',
      kinds: ['process.memory', 'process.restart_rate'],
    },
    {
      title: 'not a file that is read at the start',
      path: 'src/shop/pdf.ts',
      before: null,
      after: "const text = fs.readFileSync('a');\n",
      kinds: [],
    },
    {
      title: 'a list that is searched for every item of another',
      path: 'src/shop/match.ts',
      before: 'for (const x of xs) {\n  go(x);\n}\n',
      after: 'for (const x of xs) {\n  go(ys.find((y) => y.id === x.id));\n}\n',
      kinds: ['process.cpu', 'http.latency_p95', 'process.event_loop_lag'],
    },
    {
      title: 'not a text that is searched',
      path: 'src/shop/match.ts',
      before: 'for (const x of xs) {\n  go(x);\n}\n',
      after: "for (const x of xs) {\n  if (x.name.includes('a')) go(x);\n}\n",
      kinds: [],
    },
    {
      title: 'not a script',
      path: 'scripts/seed.ts',
      before: 'function f() {\n  a();\n}\n',
      after: "function f() {\n  fs.readFileSync('a');\n}\n",
      kinds: [],
    },
    {
      title: `a pattern put together for each pair, in C#`,
      path: `src/Match.cs`,
      before: `    void F()\n    {\n        Go();\n    }\n`,
      after: `    void F()\n    {\n        foreach (var a in xs)\n        {\n            Go(Regex.IsMatch(a.Name, "^" + a.Prefix));\n        }\n    }\n`,
      kinds: ['process.cpu', 'http.latency_p95'],
    },
    {
      title: `not one constant pattern, in C#`,
      path: `src/Match.cs`,
      before: `    void F()\n    {\n        Go();\n    }\n`,
      after: `    void F()\n    {\n        foreach (var a in xs)\n        {\n            Go(Regex.IsMatch(a.Name, "^x"));\n        }\n    }\n`,
      kinds: [],
    },
    {
      title: `a map of the whole process that only grows`,
      path: `src/shop/label.ts`,
      before: `export function label(k) {\n  return make(k);\n}\n`,
      after: `const seen = new Map();\n\nexport function label(k) {\n  if (!seen.has(k)) seen.set(k, make(k));\n  return seen.get(k);\n}\n`,
      kinds: ['process.memory', 'process.restart_rate'],
    },
    {
      title: `not a map that is emptied`,
      path: `src/shop/label.ts`,
      before: `export function label(k) {\n  return make(k);\n}\n`,
      after: `const seen = new Map();\n\nexport function label(k) {\n  if (seen.size > 100) seen.clear();\n  if (!seen.has(k)) seen.set(k, make(k));\n  return seen.get(k);\n}\n`,
      kinds: [],
    },
    {
      title: `not a map of one call`,
      path: `src/shop/label.ts`,
      before: `export function label(k) {\n  return make(k);\n}\n`,
      after: `export function label(k) {\n  const seen = new Map();\n  if (!seen.has(k)) seen.set(k, make(k));\n  return seen.get(k);\n}\n`,
      kinds: [],
    },
  ]);
});
