import { parentPort, workerData } from 'node:worker_threads';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { OpenFeature, type Provider, ProviderEvents } from '@openfeature/web-sdk';

/**
 * A web page's client in a thread of its own, started with Node's own EventSource: the provider and the
 * stream are real.
 */
const { baseUrl, flagKey, targetingKey } = workerData;

await OpenFeature.setContext({ targetingKey });
const client = OpenFeature.getClient();
client.addHandler(ProviderEvents.ConfigurationChanged, (event) => {
  parentPort?.postMessage({
    kind: 'changed',
    flagsChanged: event?.flagsChanged,
    details: client.getBooleanDetails(flagKey, false),
  });
});
// The package's types were not compiled with exactOptionalPropertyTypes.
const provider = new OFREPWebProvider({ baseUrl, cacheMode: 'disabled' }) as unknown as Provider;
await OpenFeature.setProviderAndWait(provider);
parentPort?.postMessage({ kind: 'ready', details: client.getBooleanDetails(flagKey, false) });
parentPort?.on('message', async () => {
  await OpenFeature.close();
  parentPort?.close();
});
