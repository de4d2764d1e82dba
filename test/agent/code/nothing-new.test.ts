import { describe, expect, test } from 'vitest';
import { changedFileOf } from '../../../src/agent/code/changed-code.ts';
import { newnessOf } from '../../../src/agent/code/newness.ts';
import { readDiff } from '../../../src/agent/diff/diff.ts';
import { diffOf, planOf } from '../diff-writing.ts';

const SERVICE = `import { limits } from './limits';

export async function charge(cart: Cart) {
  const total = cart.lines.reduce((sum, line) => sum + line.price * line.count, 0);
  if (total > limits.most) {
    throw new TooMuch('too much');
  }
  await gateway.capture({ amount: total, currency: 'EUR', attempts: 3 });
  await orders.save(cart, total);
}
`;
const SPLIT = `import { limits } from './limits';
import { totalOf } from './total';

export async function charge(basket: Cart) {
  const sum = totalOf(basket);
  if (sum > limits.most) {
    throw new TooMuch('too much');
  }
  await gateway.capture({ amount: sum, currency: 'EUR', attempts: 3 });
  await orders.save(basket, sum);
}
`;
const TOTAL = `export function totalOf(basket: Cart): number {
  return basket.lines.reduce((sum, line) => sum + line.price * line.count, 0);
}
`;

const planned = (service: string, total: string) =>
  planOf(diffOf('src/charge.ts', SERVICE, service) + diffOf('src/total.ts', null, total));

describe('a change that only writes anew what was there', () => {
  test('asks for nothing: it splits, moves and renames', async () => {
    expect((await planned(SPLIT, TOTAL)).checks).toEqual([]);
  });

  test.each([
    ['another number', SPLIT.replace('attempts: 3', 'attempts: 9'), TOTAL],
    ['another string', SPLIT.replace("'EUR'", "'USD'"), TOTAL],
    ['another comparison', SPLIT.replace('sum > limits', 'sum >= limits'), TOTAL],
    ['another sign', SPLIT, TOTAL.replace('price * line', 'price + line')],
    ['another name of somebody else’s', SPLIT.replace('orders.save', 'drafts.save'), TOTAL],
    ['a call that is gone', SPLIT.replace('  await orders.save(basket, sum);\n', ''), TOTAL],
    [
      'something done for each',
      SPLIT.replace('  await gateway', '  for (const line of basket.lines) {\n    await gateway').replace(
        '3 });',
        '3 });\n  }',
      ),
      TOTAL,
    ],
    [
      'something that is sent twice',
      SPLIT.replace(
        '  await orders',
        '  await gateway.send(sum);\n  await gateway.send(sum);\n  await orders',
      ),
      TOTAL,
    ],
  ])('but not with %s', async (_, service, total) => {
    expect((await planned(service, total)).checks.length).toBeGreaterThan(0);
  });
});

describe('another idiom for the same', () => {
  const python = `def stale_keys(bucket, prefix):
    keys = []
    for o in bucket.list(prefix):
        if o.age > MAX_AGE:
            keys.append(o.key)
    log.info("removed %d stale uploads" % len(keys))
    bucket.delete_all(keys)
    return keys
`;
  const comprehension = `def stale_keys(bucket, prefix):
    stale = [
        o.key
        for o in bucket.list(prefix)
        if o.age > MAX_AGE
    ]
    log.info(f"removed {len(stale)} stale uploads")
    bucket.delete_all(stale)
    return stale
`;
  const kindsOf = async (before: string, after: string) =>
    (await planOf(diffOf('app/uploads/cleanup.py', before, after))).checks.map(
      ({ signalKind }) => signalKind,
    );

  test('asks for nothing, in Python', async () => {
    expect(await kindsOf(python, comprehension)).toEqual([]);
  });

  test('asks for nothing, where a list of its own is filled in another way', async () => {
    const filled = python.replace('keys.append(o.key)', 'keys.insert(len(keys), o.key)');
    expect(await kindsOf(filled, comprehension)).toEqual([]);
  });

  test('but asks where what is done to something else goes', async () => {
    const less = comprehension.replace('    bucket.delete_all(stale)\n', '');
    expect(await kindsOf(python, less)).not.toEqual([]);
  });

  test('but asks where it keeps others than before', async () => {
    expect(await kindsOf(python, comprehension.replace('o.age > MAX', 'o.age < MAX'))).not.toEqual([]);
  });
});

describe('what is written in another way', () => {
  const LIMITS = `import { wait } from './wait';

export async function poll(feed: Feed) {
  let failures = 0;
  const page = await feed.next();
  if (page.age < limits.fresh) {
    if (page.failures > 0) {
      failures += page.failures;
    }
    await redis.setex(page.key, 86400, page.body);
  }
  logger.info('polled', { failures });
}
`;
  const kindsOf = async (after: string) =>
    (await planOf(diffOf('src/feed/poll.ts', LIMITS, after))).checks.map(({ signalKind }) => signalKind);
  const early = `import { wait } from './wait';

const KEPT_SECONDS = 24 * 60 * 60;

export async function poll(feed: Feed) {
  const page = await feed.next();
  const failures = Math.max(page.failures, 0);
  if (page.age >= limits.fresh) {
    logger.info('polled', { failures });
    return;
  }
  await redis.setex(page.key, KEPT_SECONDS, page.body);
  logger.info('polled', { failures });
}
`;

  const newIn = (after: string) => {
    const files = readDiff(diffOf('src/feed/poll.ts', LIMITS, after)).files.map(changedFileOf);
    return newnessOf(files.filter((file) => file !== null));
  };

  test('is nothing new: a product of numbers, a condition turned to leave early', () => {
    expect(newIn(early)).toMatchObject({ numbersNew: 0, signsNew: 0 });
  });

  test('is nothing new: a comparison with its sides changed about', () => {
    const turned = early.replace('page.age >= limits.fresh', 'limits.fresh <= page.age');
    expect(newIn(turned)).toMatchObject({ numbersNew: 0, signsNew: 0 });
  });

  test('is nothing new: other words in the log', () => {
    expect(newIn(early.replaceAll("'polled'", "'the feed was read'"))).toMatchObject({
      textsNew: 0,
      textsLost: 0,
    });
  });

  test.each([
    ['another product', '24 * 60 * 60', '24 * 60 * 6'],
    ['another condition', 'page.age >= limits.fresh', 'page.age > limits.fresh'],
    ['a sum in place of a product', '24 * 60 * 60', '24 + page.failures'],
  ])('but not with %s', async (_, said, other) => {
    expect(await kindsOf(early.replace(said, other))).not.toEqual([]);
  });
});

describe('how often a loop runs', () => {
  const loop = (head: string) => `export async function fetchRates(base: string) {
  let last: unknown;
  ${head}
    try {
      return await provider.latest(base);
    } catch (error) {
      last = error;
      await sleep(pauseMs * 2 ** attempt);
    }
  }
  throw last;
}
`;
  const moved = (head: string) => `async function withRetries<T>(call: () => Promise<T>): Promise<T> {
  let last: unknown;
  ${head}
    try {
      return await call();
    } catch (error) {
      last = error;
      await sleep(pauseMs * 2 ** attempt);
    }
  }
  throw last;
}

export async function fetchRates(base: string) {
  return withRetries(() => provider.latest(base));
}
`;
  const diffFor = (before: string, after: string) => diffOf('src/rates/retry.ts', loop(before), moved(after));
  const newIn = (before: string, after: string) => {
    const files = readDiff(diffFor(before, after)).files.map(changedFileOf);
    return newnessOf(files.filter((file) => file !== null)).signsNew;
  };
  const below = 'for (let attempt = 0; attempt < retries; attempt += 1) {';

  test('is nothing new where it is the same, counted from one or from nothing', () => {
    expect(newIn(below, below)).toBe(0);
    expect(newIn(below, 'for (let attempt = 1; attempt <= retries; attempt += 1) {')).toBe(0);
  });

  test('is watched where it is once more or once less', async () => {
    const more = 'for (let attempt = 0; attempt <= retries; attempt += 1) {';
    expect(newIn(more, below)).toBeGreaterThan(0);
    const kinds = (await planOf(diffFor(more, below))).checks.map(({ signalKind }) => signalKind);
    expect(kinds).toContain('dependency.call_rate');
  });
});
