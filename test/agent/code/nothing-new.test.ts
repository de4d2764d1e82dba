import { describe, expect, test } from 'vitest';
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

  test('asks for nothing: a product of numbers, a condition turned to leave early', async () => {
    expect(await kindsOf(early)).toEqual([]);
  });

  test('asks for nothing: a comparison with its sides changed about', async () => {
    expect(await kindsOf(early.replace('page.age >= limits.fresh', 'limits.fresh <= page.age'))).toEqual([]);
  });

  test('asks for nothing: other words in the log', async () => {
    expect(await kindsOf(early.replaceAll("'polled'", "'the feed was read'"))).toEqual([]);
  });

  test.each([
    ['another product', '24 * 60 * 60', '24 * 60 * 6'],
    ['another condition', 'page.age >= limits.fresh', 'page.age > limits.fresh'],
    ['a sum in place of a product', '24 * 60 * 60', '24 + page.failures'],
  ])('but not with %s', async (_, said, other) => {
    expect(await kindsOf(early.replace(said, other))).not.toEqual([]);
  });
});
