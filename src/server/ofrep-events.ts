/**
 * Bytes waiting in one client's stream before it counts as gone. Events are ~130 bytes and one of them says
 * it all.
 */
const MAX_WAITING_BYTES = 8_192;
/** What clients are told to wait before they connect again when Sluice goes away. */
const RECONNECT_MS = 1_000;

export interface EventHub {
  /**
   * A stream of server-sent events for one client, or null when there are too many or Sluice is going away.
   *
   * A client that does not show the current document's digest as its last event id is told at once to fetch:
   * what changed between its last answer and this connection was announced to nobody, and providers do not
   * ask again by themselves.
   */
  open(client: {
    readonly lastEventId: string | null;
    readonly digest: string;
  }): ReadableStream<Uint8Array> | null;
  /** Tells every client to fetch again. */
  announce(digest: string): void;
}

type Client = ReadableStreamDefaultController<Uint8Array>;

/**
 * Ends every stream, with a `retry`, when `signal` aborts; nothing of it keeps the process alive after that.
 */
export function openEventHub(options: {
  readonly signal: AbortSignal;
  readonly heartbeatMs: number;
  readonly maxStreams: number;
}): EventHub {
  const { signal, heartbeatMs, maxStreams } = options;
  const clients = new Set<Client>();
  const encoder = new TextEncoder();
  const send = (client: Client, text: string) => {
    if ((client.desiredSize ?? 0) < -MAX_WAITING_BYTES) {
      clients.delete(client);
      client.error(new Error('the client does not read its events'));
      return;
    }
    client.enqueue(encoder.encode(text));
  };
  const sendAll = (text: string) => {
    for (const client of clients) send(client, text);
  };
  // Through proxies an idle stream is cut after a minute or so; and a dead client is only noticed by writing
  // to it.
  const heartbeat = setInterval(() => sendAll(': heartbeat\n\n'), heartbeatMs).unref();
  const end = () => {
    clearInterval(heartbeat);
    sendAll(`retry: ${RECONNECT_MS}\n\n`);
    for (const client of clients) client.close();
    clients.clear();
  };
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  return {
    open({ lastEventId, digest }) {
      if (signal.aborted || clients.size >= maxStreams) return null;
      let self: Client | null = null;
      return new ReadableStream<Uint8Array>(
        {
          start(client) {
            self = client;
            clients.add(client);
            send(client, lastEventId === digest ? ': connected\n\n' : refetchEvent(digest));
          },
          cancel() {
            if (self !== null) clients.delete(self);
          },
        },
        { highWaterMark: 0, size: (chunk) => chunk?.byteLength ?? 0 },
      );
    },
    announce: (digest) => sendAll(refetchEvent(digest)),
  };
}

/**
 * OFREP ADR 8: the SSE event is always `message`, its data a `refetchEvaluation`; the id lets a reconnect
 * prove itself fresh.
 */
function refetchEvent(digest: string): string {
  const data = JSON.stringify({ type: 'refetchEvaluation', etag: digest });
  return `id: ${digest}\nevent: message\ndata: ${data}\n\n`;
}
