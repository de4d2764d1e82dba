/** One server-sent event. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string;
}

/** Longest run of characters kept without a complete event: a stream that never ends an event is cut off. */
const MAX_EVENT_CHARS = 65_536;

/**
 * Reads server-sent events until the stream ends. Comments (heartbeats) yield nothing but count as activity.
 *
 * Throws `RangeError` past `MAX_EVENT_CHARS`, and whatever the stream throws when it breaks or is aborted.
 * Source: WHATWG HTML, "Interpreting an event stream". `retry` is left to the caller's own backoff.
 */
export async function* readEventStream(
  body: ReadableStream<Uint8Array>,
  onActivity: () => void,
): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let id = '';
  let fields: readonly string[] = [];
  for await (const chunk of body) {
    onActivity();
    rest += decoder.decode(chunk, { stream: true });
    // A lone CR at the end may be half of CRLF: it waits for the next chunk.
    const lines = rest.split(/\r\n|\n|\r(?=[^\n])/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '') {
        fields = [...fields, line];
        continue;
      }
      const event = eventIn(fields, id);
      fields = [];
      id = event.id;
      if (event.data !== '') yield event;
    }
    if (rest.length + fields.join('').length > MAX_EVENT_CHARS)
      throw new RangeError('event stream: endless event');
  }
}

function eventIn(lines: readonly string[], lastId: string): StreamEvent {
  const data: string[] = [];
  let event = 'message';
  let id = lastId;
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') data.push(value);
    if (name === 'event' && value !== '') event = value;
    if (name === 'id') id = value;
  }
  return { event, data: data.join('\n'), id };
}
