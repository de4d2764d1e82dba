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
