import type { Captured } from '../core/messages.js';
import { NETWORK_ERROR, type ResponseParts } from '../core/receipt.js';
import { rebuild } from './rebuild.js';

/** Marked as a replay: the service worker of a controlled page would otherwise try the same again. */
export function send(
  { request, body }: Captured,
  fetch: (request: Request, init: RequestInit) => Promise<Response>,
  signal?: AbortSignal,
): Promise<Response> {
  const replay = rebuild(request, body);
  // Any init resets the referrer of a request (Fetch, "new Request", step 12): it has to be said again.
  const { referrer, referrerPolicy } = replay;
  return fetch(replay, signal ? { signal, referrer, referrerPolicy } : {});
}

/** Statuses that no Response with a body can have (Fetch, null body status). */
const WITHOUT_BODY = [204, 205, 304];

export function toResponse({ status, statusText = '', headers, body }: ResponseParts): Response {
  if (status === NETWORK_ERROR) return Response.error();
  const isEmpty = body === null || WITHOUT_BODY.includes(status);
  return new Response(isEmpty ? null : streamOf(body), { status, statusText, headers });
}

/**
 * A service worker's answer whose body is a string or a buffer goes through a blob in Chromium, which takes as long again as
 * all else; a stream that has ended already costs a tenth (docs/discoveries).
 */
function streamOf(body: string | ArrayBuffer): ReadableStream<Uint8Array> {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : new Uint8Array(body);
  return new ReadableStream({
    start: (controller) => {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}
