import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { sluiceProvider } from '../../../src/adapters/embedded/openfeature-provider.ts';
import { FLAG } from './product.ts';
import { until } from './until.ts';

/** Someone who follows the flag, and when each value reached them. */
export interface FlagClient extends AsyncDisposable {
  /** When it first had this value after `since` (ms since the epoch); waits for it. */
  sawAt(value: boolean, since: number): Promise<number>;
}

interface Sighting {
  readonly value: boolean;
  readonly at: number;
}

function sightings() {
  const seen: Sighting[] = [];
  return {
    add: (value: boolean) => void seen.push({ value, at: Date.now() }),
    sawAt: async (value: boolean, since: number) => {
      const found = await until(`the value ${value}`, () =>
        seen.find((s) => s.value === value && s.at >= since),
      );
      return found.at;
    },
  };
}

/** The real OFREP web provider with Node's own EventSource, in a thread of its own. */
export function webClient(baseUrl: string, targetingKey: string): FlagClient {
  const worker = new Worker(new URL('../../server/ofrep-web-client.ts', import.meta.url), {
    workerData: { baseUrl, flagKey: FLAG, targetingKey },
    execArgv: ['--experimental-eventsource', '--no-warnings'],
  });
  const { add, sawAt } = sightings();
  worker.on('message', (message: { readonly details: { readonly value: boolean } }) =>
    add(message.details.value),
  );
  return {
    sawAt,
    [Symbol.asyncDispose]: async () => {
      const exited = once(worker, 'exit');
      worker.postMessage('close');
      await exited;
    },
  };
}

/** The in-process provider behind the OpenFeature SDK, as a Node service uses it. */
export async function nodeClient(baseUrl: string, targetingKey: string): Promise<FlagClient> {
  const domain = `e2e ${targetingKey} ${baseUrl}`;
  const { add, sawAt } = sightings();
  await OpenFeature.setProviderAndWait(domain, sluiceProvider({ url: baseUrl }));
  const client = OpenFeature.getClient(domain);
  const look = async () => add(await client.getBooleanValue(FLAG, false, { targetingKey }));
  client.addHandler(ProviderEvents.ConfigurationChanged, () => void look());
  await look();
  return {
    sawAt,
    [Symbol.asyncDispose]: () => OpenFeature.clearProviders(),
  };
}
