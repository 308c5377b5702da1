import type { AttemptEnd } from '../core/attempt.js';
import { hintOf } from '../core/flow/hints.js';
import type { Answer } from '../core/job.js';
import type { Exchanged } from './exchange.js';

/** The service's answer as plain data, its body up to `capBytes`. Never rejects: a status that was read is a fact. */
export async function readAnswer(
  exchanged: Exchanged,
  { capBytes, now }: { capBytes: number; now: number },
): Promise<AttemptEnd> {
  const { response } = exchanged;
  const end = headOf(exchanged, now);
  if (end.kind !== 'answer') return end;
  const body = await readBody(response, capBytes);
  const isWhole = body !== 'omitted';
  return {
    ...end,
    answer: {
      ...end.answer,
      bodyOmitted: !isWhole,
      ...(isWhole && body.byteLength > 0 ? { body } : {}),
    },
    keyOutstanding: response.status === 409 && speaksOfOutstandingKey(response.headers, body),
  };
}

/** The answer without its body. */
export function headOf({ response, judged, led, isForbidden }: Exchanged, now: number): AttemptEnd {
  const { type, status, statusText, headers, url, redirected } = response;
  if (isForbidden && type === 'opaqueredirect')
    return { kind: 'blocked', by: 'redirect', detail: 'it was redirected, which the request forbids' };
  if (isOpaque(response)) return { kind: 'hidden', type };
  const from = redirected ? { url, redirected } : {};
  const answer: Answer = { status, statusText, headers: [...headers], bodyOmitted: true, ...from };
  const hint = hintOf(status, answer.headers, now);
  return {
    kind: 'answer',
    answer,
    keyOutstanding: false,
    ...(hint ? { hint } : {}),
    ...(judged ? { judged } : {}),
    ...(led ? { led } : {}),
  };
}

/** An answer that the browser hides: of another origin that was not asked for leave, or a redirect not followed. */
export function isOpaque({ type }: Response): boolean {
  return type === 'opaque' || type === 'opaqueredirect';
}

async function readBody(response: Response, capBytes: number): Promise<ArrayBuffer | 'omitted'> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  try {
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      bytes += part.value.byteLength;
      if (bytes > capBytes) {
        reader?.cancel().catch(() => undefined);
        return 'omitted';
      }
      chunks.push(part.value);
    }
  } catch {
    // It broke off: the status stands, its body is not whole.
    return 'omitted';
  }
  return joined(chunks, bytes);
}

/** By hand: a Blob would cost a message to the browser's own process, and a millisecond or two. */
function joined(chunks: readonly Uint8Array[], bytes: number): ArrayBuffer {
  const whole = new Uint8Array(bytes);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole.buffer;
}

/** draft-ietf-httpapi-idempotency-key-header, 2.7: a problem that says a request with this key is still running. */
function speaksOfOutstandingKey(headers: Headers, body: ArrayBuffer | 'omitted'): boolean {
  if (body === 'omitted' || !/application\/problem\+json/i.test(headers.get('Content-Type') ?? ''))
    return false;
  try {
    const { type, title } = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
    return /outstanding|in[- ]progress|still running/i.test(`${String(type)} ${String(title)}`);
  } catch {
    return false;
  }
}
