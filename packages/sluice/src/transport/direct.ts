import type { Owner } from '../core/identity.js';
import type { Captured, Intake } from '../core/messages.js';
import { isInTime } from '../core/pace.js';
import type { Clock } from '../core/ports.js';
import { NETWORK_ERROR, refusalParts, type ResponseParts } from '../core/receipt.js';
import { rebuild } from './rebuild.js';
import { sleepUntilSend } from './sleep-until.js';

export interface DirectOptions {
  clock: Clock;
  fetch: (request: Request, init: RequestInit) => Promise<Response>;
  /** Whoever is signed in now. */
  currentOwner: () => Promise<Owner | undefined>;
  /** Ends the wait and the send. */
  signal?: AbortSignal;
}

/** Sends a request that a full queue has let through, at the instant that it was charged for or not at all. */
export async function direct(
  { turn, owner, refusal }: Extract<Intake, { kind: 'direct' }>,
  captured: Captured,
  { clock, fetch, currentOwner, signal }: DirectOptions,
): Promise<Response> {
  await sleepUntilSend(clock, turn.at, signal);
  signal?.throwIfAborted();
  // With the cookies of another it must not go.
  const isTheirs = (await currentOwner()) === owner;
  if (!isTheirs || !isInTime(clock.now(), turn)) return toResponse(refusalParts(refusal));
  return send(captured, fetch, signal);
}

/** Marked as a replay: the service worker of a controlled page would otherwise try the same again. */
export function send(
  { request, body }: Captured,
  fetch: DirectOptions['fetch'],
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
