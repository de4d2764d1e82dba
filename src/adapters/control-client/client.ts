import type { Planned } from '../../core/plan/merge.ts';
import type { RolloutView } from '../../core/rollout/view.ts';
import type { CommandReply, Control, StartOutcome } from '../../ports/control.ts';

/** A running Sluice, and what lets us in. */
export interface Address {
  readonly url: string;
  readonly token: string;
}

/** The running Sluice refused or could not be reached. `status` is 0 when nothing answered. */
export class ControlUnavailable extends Error {
  override readonly name = 'ControlUnavailable';
  readonly code = 'control_unavailable';
  readonly status: number;
  constructor(status: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** The request names something that Sluice does not have. */
export class NotThere extends Error {
  override readonly name = 'NotThere';
  readonly code = 'unknown_target';
}

const TIMEOUT_MS = 30_000;
/** Starting reads traffic for a while first. */
const START_TIMEOUT_MS = 15 * 60_000;

/** The same `Control` through a running Sluice's API: answers come from our own server, of the same version. */
export function controlClient(address: Address): Control {
  const call = async <T>(path: string, body?: unknown): Promise<T | null> => {
    const response = await send(address, path, body, TIMEOUT_MS);
    if (response.status === 404) return null;
    return (await readBody(response)) as T;
  };
  return {
    plan: async (words) => (await call<Planned>('/plans', words)) as Planned,
    start: (words, onProgress) => start(address, words, onProgress),
    command: async (rolloutId, words) =>
      (await call<CommandReply>(`/rollouts/${encodeURIComponent(rolloutId)}/commands`, words)) ?? {
        kind: 'unknown_rollout',
      },
    list: async ({ unfinishedOnly }) =>
      (await call<readonly RolloutView[]>(unfinishedOnly ? '/rollouts' : '/rollouts?all=1')) ?? [],
    get: (rolloutId) => call<RolloutView>(`/rollouts/${encodeURIComponent(rolloutId)}`),
    log: async (rolloutId) => {
      const response = await send(
        address,
        `/rollouts/${encodeURIComponent(rolloutId)}/log`,
        undefined,
        TIMEOUT_MS,
      );
      if (response.status === 404) return null;
      if (!response.ok) await readBody(response);
      return response.text();
    },
  };
}

/** Whether a Sluice answers there with this token. */
export async function isReachable(address: Address): Promise<boolean> {
  try {
    return (await send(address, '/health', undefined, 2_000)).ok;
  } catch {
    return false;
  }
}

async function send(address: Address, path: string, body: unknown, timeoutMs: number): Promise<Response> {
  const isPost = body !== undefined;
  try {
    return await fetch(`${address.url.replace(/\/+$/, '')}/api${path}`, {
      method: isPost ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${address.token}`, 'content-type': 'application/json' },
      body: isPost ? JSON.stringify(body) : null,
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    });
  } catch (cause) {
    throw new ControlUnavailable(
      0,
      `no Sluice answers at ${address.url}; is \`sluice serve\` running?`,
      cause,
    );
  }
}

async function readBody(response: Response): Promise<unknown> {
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return body;
  const said = typeof body === 'object' && body !== null ? (body as Mistake) : {};
  throw faultOf(response.status, { ...said, error: said.error ?? response.statusText });
}

/** What the API says went wrong. */
interface Mistake {
  readonly error?: string;
  readonly code?: string;
}

function faultOf(status: number, { error = '', code }: Mistake): Error {
  return code === 'unknown_target' ? new NotThere(error) : new ControlUnavailable(status, error);
}

async function start(
  address: Address,
  words: unknown,
  onProgress: (message: string) => void,
): Promise<StartOutcome> {
  const response = await send(address, '/rollouts', words, START_TIMEOUT_MS);
  if (!response.ok) await readBody(response);
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of wholeOf(response)) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const said = JSON.parse(line) as { progress?: string; outcome?: StartOutcome } & Mistake;
      if (said.progress !== undefined) onProgress(said.progress);
      if (said.error !== undefined) throw faultOf(response.status, said);
      if (said.outcome !== undefined) return said.outcome;
    }
  }
  throw new ControlUnavailable(response.status, 'the answer broke off before the outcome');
}

/** The body as it comes; a connection that ends in between is the other side's end, not a bug of ours. */
async function* wholeOf(response: Response): AsyncGenerator<Uint8Array> {
  try {
    yield* response.body ?? [];
  } catch (cause) {
    throw new ControlUnavailable(
      response.status,
      'the answer broke off: Sluice stopped before the outcome',
      cause,
    );
  }
}
