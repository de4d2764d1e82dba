import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Exposition, parseExposition } from '../../src/adapters/scrape/exposition-parser.ts';
import { compileMatchers } from '../../src/adapters/scrape/label-pattern.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/metrics/${name}`, import.meta.url), 'utf8');
}

/** Each sample as [name, labels, value], or the line that is none. */
function read(text: string, options?: { needsEof: boolean }) {
  const parsed = parseExposition(text, options);
  if (parsed.kind === 'broken') return `${parsed.line}: ${parsed.why}`;
  return [...parsed.series].flatMap(([name, series]) =>
    series.map(({ labels, value }) => [name, Object.fromEntries(labels), value]),
  );
}

function parsed(text: string): Exposition {
  const result = parseExposition(text);
  if (result.kind === 'broken') throw new Error(`line ${result.line} ${result.why}`);
  return result;
}

describe('a text exposition', () => {
  test('gives every sample of the text format, escapes undone and timestamps dropped', () => {
    expect(read(fixture('text-format.txt'))).toEqual([
      ['http_requests_total', { variant: 'on', status: '200' }, 1027],
      ['http_requests_total', { variant: 'off', status: '200' }, 3],
      ['http_request_duration_seconds_bucket', { variant: 'on', le: '0.07' }, 24],
      ['http_request_duration_seconds_bucket', { variant: 'on', le: '0.3' }, 33],
      ['http_request_duration_seconds_bucket', { variant: 'on', le: '+Inf' }, 34],
      ['http_request_duration_seconds_sum', { variant: 'on' }, 5.3423],
      ['http_request_duration_seconds_count', { variant: 'on' }, 34],
      ['read_errors_total', { path: 'C:\\DIR\\FILE.TXT', error: 'Cannot find "FILE"\nat all' }, 1458255915],
      [':odd:name_1', {}, Number.POSITIVE_INFINITY],
      ['minus', {}, Number.NEGATIVE_INFINITY],
      ['nothing', {}, Number.NaN],
      ['small', {}, 0.5],
      ['no_labels', {}, 0],
      ['kept', { value: '\\d stays' }, 1],
      ['unicode', { city: 'Zürich 🦆' }, 1],
    ]);
  });

  test('reads the same with CRLF line ends, and with no line end after the last line', () => {
    const text = fixture('text-format.txt');
    expect(read(text.replaceAll('\n', '\r\n'))).toEqual(read(text));
    expect(read(text.trimEnd())).toEqual(read(text));
  });

  test('declares a metric that has no samples yet', () => {
    expect(parsed(fixture('text-format.txt')).types.get('login_attempts_total')).toBe('counter');
  });

  test('in OpenMetrics gives the samples without their exemplars, counters under their sample name', () => {
    const text = fixture('open-metrics.txt');
    expect(read(text, { needsEof: true })).toEqual([
      ['http_requests_total', { variant: 'on', status: '200' }, 17],
      ['http_requests_created', { variant: 'on', status: '200' }, 1520430000.123],
      ['http_request_duration_seconds_bucket', { variant: 'on', le: '0.1' }, 8],
      ['http_request_duration_seconds_bucket', { variant: 'on', le: '+Inf' }, 17],
      ['http_request_duration_seconds_count', { variant: 'on' }, 17],
      ['http_request_duration_seconds_sum', { variant: 'on' }, 324789.3],
    ]);
    expect(parsed(text).types.get('http_requests_total')).toBe('counter');
  });

  test('keeps labels that are names of object members apart', () => {
    const [series] = parsed('a{__proto__="x",constructor="y"} 1').series.get('a') ?? [];
    expect([...(series?.labels ?? [])]).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  test('that is empty has no samples', () => {
    expect(read('')).toEqual([]);
    expect(read('\n\r\n  \n# only words')).toEqual([]);
  });

  test('of 353 samples is read in whole', () => {
    expect(read(fixture('many-samples.txt'))).toHaveLength(353);
  });
});

test.each([
  {
    title: 'HTML',
    text: fixture('sign-in-page.txt'),
    says: '1: does not start with a metric name: "<!doctype html>"',
  },
  { title: 'JSON', text: '{"status":"ok"}', says: '1: does not start with a metric name: "{"status":"ok"}"' },
  { title: 'a word', text: 'OK\n', says: '1: has no number for a value: "OK"' },
  {
    title: 'a line cut off within its labels',
    text: fixture('cut-line.txt'),
    says: '3: has a label without a name: "http_requests_total{variant="on",sta"',
  },
  {
    title: 'a name that starts with a digit',
    text: '1a 1',
    says: '1: does not start with a metric name: "1a 1"',
  },
  { title: 'a value in words', text: 'a 1\na none', says: '2: has no number for a value: "a none"' },
  { title: 'a hexadecimal value', text: 'a 0x10', says: '1: has no number for a value: "a 0x10"' },
  { title: 'a missing value', text: 'a{b="c"}', says: '1: has no number for a value: "a{b="c"}"' },
  {
    title: 'a label without quotes',
    text: 'a{b=c} 1',
    says: '1: has a label without a quoted value: "a{b=c} 1"',
  },
  {
    title: 'a quote that does not end',
    text: 'a{b="c} 1',
    says: '1: has a label without a quoted value: "a{b="c} 1"',
  },
  {
    title: 'labels without a comma',
    text: 'a{b="c"d="e"} 1',
    says: '1: has labels without a comma between: "a{b="c"d="e"} 1"',
  },
  { title: 'labels that do not end', text: 'a{b="c",', says: '1: has labels that do not end: "a{b="c","' },
  { title: 'a label twice', text: 'a{b="c",b="d"} 1', says: '1: names a label twice: "a{b="c",b="d"} 1"' },
  {
    title: 'words after the value',
    text: 'a 1 now',
    says: '1: has something other than a timestamp after the value: "a 1 now"',
  },
  { title: 'words after the timestamp', text: 'a 1 2 3', says: '1: goes on after the timestamp: "a 1 2 3"' },
  { title: 'text after # EOF', text: 'a 1\n# EOF\na 2', says: '3: comes after # EOF' },
])('$title is no exposition, and the line is named', ({ text, says }) => {
  expect(read(text)).toBe(says);
});

test('OpenMetrics that ends without # EOF was cut off', () => {
  expect(read('a_total 1\n', { needsEof: true })).toBe('1: is the last, and is not # EOF');
});

test('what is quoted of a broken line is short and printable', () => {
  expect(read(`\u202e<b>\u0007${'x'.repeat(100)}`)).toBe(
    `1: does not start with a metric name: "?<b>?${'x'.repeat(35)}…"`,
  );
});

describe('any text', () => {
  const pieces = fc.constantFrom(
    'a',
    '{',
    '}',
    '"',
    '\\',
    '=',
    ',',
    ' ',
    '\t',
    '\n',
    '\r',
    '#',
    '1',
    '+Inf',
    'le',
    '.',
  );

  test('is an exposition or a broken line within it, never an exception', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const result = parseExposition(text);
        const lines = text.split('\n').length;
        return result.kind === 'exposition' || (result.line >= 1 && result.line <= lines);
      }),
    );
  });

  test('that was written from samples gives these samples back', () => {
    const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,9}$/);
    const label = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,9}$/);
    const value = fc.string({ unit: 'grapheme' });
    const labels = fc.uniqueArray(fc.tuple(label, value), { selector: ([key]) => key, maxLength: 4 });
    const number = fc.oneof(fc.nat(), fc.double({ noNaN: true, noDefaultInfinity: true }));
    fc.assert(
      fc.property(name, labels, number, (metric, pairs, count) => {
        const [series] =
          parsed(`${metric}{${pairs.map(written).join(',')}} ${count}\n`).series.get(metric) ?? [];
        expect([...(series?.labels ?? [])]).toEqual(pairs);
        expect(series?.value).toBe(Number(`${count}`));
      }),
    );
  });

  // Each would take minutes, not milliseconds, if reading were quadratic in the length of a line: the timeout is the test.
  test.each([
    { title: 'a quote that never ends', text: `a{b="${'x'.repeat(1_000_000)}` },
    { title: 'nothing but escapes', text: `a{b="${'\\"'.repeat(500_000)}` },
    { title: 'a number that is none in the end', text: `a ${'1'.repeat(1_000_000)}x` },
    { title: 'nothing but blanks', text: `a${' '.repeat(1_000_000)}` },
    { title: 'nothing but commas', text: `a{${','.repeat(1_000_000)}` },
    { title: 'nothing but line ends', text: '\n'.repeat(1_000_000) },
    {
      title: '200,000 labels',
      text: `a{${Array.from({ length: 200_000 }, (_, at) => `l${at}=""`).join(',')}`,
    },
  ])('is read in time linear in its length: $title', ({ text }) => {
    expect(['exposition', 'broken']).toContain(parseExposition(text).kind);
  });
});

function written([label, value]: readonly [string, string]): string {
  const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return `${label}="${escaped}"`;
}

describe('a label pattern', () => {
  test.each([
    { pattern: '5..', fits: ['500', '503', '5xx', '5🦆x'], not: ['50', '5000', '200', ''] },
    { pattern: 'GET|HEAD', fits: ['GET', 'HEAD'], not: ['GE', 'GETHEAD', 'get', 'GET|HEAD'] },
    { pattern: '4..|5..|timeout', fits: ['404', '500', 'timeout'], not: ['timeouts', '304'] },
    { pattern: '', fits: [''], not: ['a'] },
    { pattern: 'a|', fits: ['a', ''], not: ['b'] },
    { pattern: '.*', fits: ['a*', '.*'], not: ['', 'a', 'abc'] },
    { pattern: '(a+)+$', fits: ['(a+)+$'], not: ['a', 'aaaa'] },
  ])('"$pattern" must match in whole', ({ pattern, fits, not }) => {
    const matches = compileMatchers({ label: pattern });
    const labelled = (value: string) => new Map([['label', value]]);
    expect(fits.filter((value) => !matches(labelled(value)))).toEqual([]);
    expect(not.filter((value) => matches(labelled(value)))).toEqual([]);
  });

  test('reads a label that is not there as ""', () => {
    expect(compileMatchers({ status: '' })(new Map())).toBe(true);
    expect(compileMatchers({ status: '5..' })(new Map())).toBe(false);
  });

  test('must be met by every label named', () => {
    const matches = compileMatchers({ status: '5..', route: '/pay' });
    expect(matches(new Map([['status', '500']]))).toBe(false);
    expect(
      matches(
        new Map([
          ['route', '/pay'],
          ['status', '500'],
        ]),
      ),
    ).toBe(true);
  });
});
