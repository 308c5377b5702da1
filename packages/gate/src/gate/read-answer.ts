import { keptHeaders, type StoredAnswer } from '../core/answer.js';
import { joined } from './read-request.js';

/** RFC 9110, 15: statuses whose answers have no content. */
const WITHOUT_CONTENT = new Set([204, 205, 304]);

/** An answer of the service: what is kept of it, and what goes to the caller. */
export interface ReadAnswer {
  /** Resolves once the body was read as far as it is kept. */
  readonly stored: StoredAnswer;
  readonly response: Response;
}

/**
 * Reads an answer up to `maxBytes`, so that it can be kept before it is passed on. Of a larger one the rest streams through, and its body is
 * not kept.
 */
export async function readAnswer(response: Response, maxBytes: number): Promise<ReadAnswer> {
  const { status } = response;
  const headers = keptHeaders(response.headers);
  const told = Number(response.headers.get('content-length') ?? Number.POSITIVE_INFINITY);
  if (told <= maxBytes) {
    const whole = new Uint8Array(await response.arrayBuffer());
    return { stored: { status, headers, body: whole }, response: withStream(response, whole) };
  }
  if (!response.body) return { stored: { status, headers, body: new Uint8Array() }, response };
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    chunks.push(next.value);
    bytes += next.value.byteLength;
    if (bytes > maxBytes) {
      const rest = withStream(response, streamOf(chunks, reader));
      return { stored: { status, headers, body: undefined }, response: rest };
    }
  }
  const body = joined(chunks, bytes);
  return { stored: { status, headers, body }, response: withStream(response, body) };
}

function withStream({ status, statusText, headers }: Response, body: BodyInit | Uint8Array): Response {
  const content = WITHOUT_CONTENT.has(status) ? null : (body as BodyInit);
  return new Response(content, { status, statusText, headers });
}

/** What was read already, then the rest as it comes. */
function streamOf(chunks: Uint8Array[], reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStream {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = chunks.shift();
      if (chunk) return controller.enqueue(chunk);
      const next = await reader.read();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** A kept answer, as it was given at first. */
export function answerAgain(
  { status, headers, body }: StoredAnswer,
  extra: Record<string, string>,
): Response {
  const fields = new Headers(headers.map(([name, value]): [string, string] => [name, value]));
  for (const [name, value] of Object.entries(extra)) fields.set(name, value);
  const content = WITHOUT_CONTENT.has(status) ? null : (body as BodyInit | undefined);
  return new Response(content, { status, headers: fields });
}
