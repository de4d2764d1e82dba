import { type EvaluationContext, InMemoryProvider } from '@openfeature/server-sdk';
import { hash } from '../../fixtures/shop/base/hash.ts';
import { runShop } from '../../src/demo/shop-run.ts';

// The shop without Sluice: its flag is on for a fixed share of users, `STUB_EXPOSURE_PERCENT`.
const percent = Number(process.env['STUB_EXPOSURE_PERCENT'] ?? 0);
const flag = process.env['STUB_FLAG'] ?? 'none';

/** Sticky by user: bucketed on the targeting key, as a flag store does. */
function variantOf({ targetingKey = '' }: EvaluationContext): string {
  const bucket = (hash(`${flag}/${targetingKey}`) / 2 ** 32) * 100;
  if (bucket < percent) return 'on';
  return bucket < 2 * percent ? 'control' : 'off';
}

await runShop(
  new InMemoryProvider({
    [flag]: {
      disabled: false,
      variants: { on: true, off: false, control: false },
      defaultVariant: 'off',
      contextEvaluator: variantOf,
    },
  }),
);
