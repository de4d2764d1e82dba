import { OpenFeature, type Provider } from '@openfeature/server-sdk';

/** What the shop's source asks flags by; the same shape as `Flags` in fixtures/shop/base/flags.ts. */
export interface ShopFlags {
  isOn(flagKey: string, userId: string): Promise<{ readonly on: boolean; readonly variant: string }>;
}

/**
 * The shop's flags, answered by an OpenFeature provider for the user as targeting key.
 *
 * Sets the process's provider and waits until it is ready; throws when it does not become so. A flag that cannot be
 * evaluated later is off: the user takes the old path.
 */
export async function openFeatureFlags(provider: Provider): Promise<ShopFlags> {
  await OpenFeature.setProviderAndWait(provider);
  const client = OpenFeature.getClient();
  return {
    async isOn(flagKey, userId) {
      const details = await client.getBooleanDetails(flagKey, false, { targetingKey: userId });
      return { on: details.value, variant: details.variant ?? (details.value ? 'on' : 'off') };
    },
  };
}
