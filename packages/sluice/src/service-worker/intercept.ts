import { askedAt, refusalParts } from '../core/receipt.js';
import type { Runtime } from '../drain/runtime.js';
import { readJob } from '../store/query.js';
import { toResponse } from '../transport/direct.js';
import { carriableIn, factsOf, isReplay } from '../transport/replay.js';
import { type Answering, answer } from './answer.js';
import type { Carrier } from './carrier.js';

/**
 * Decides at once whether a request is ours. What is not gets no `respondWith` at all: the browser then treats it as if
 * there were no service worker, upload progress and streaming bodies included.
 */
export function intercept(event: FetchEvent, answering: Answering, carrier: Carrier): void {
  const { request } = event;
  const { runtime } = answering;
  const carriable = carriableIn(request.url);
  if (carriable) carrier.carry(event, carriable);
  if (isReplay(request.url)) return;
  const asked = askedAt(request.url, location.origin);
  const own = `~${runtime.definition.name}`;
  if (asked === own) return event.respondWith(identified(runtime));
  if (asked === `${own}/seat`) return event.respondWith(seatTaken(event, carrier));
  if (asked !== undefined && request.method === 'GET') return event.respondWith(statusOf(asked, runtime));
  if (mayBeForeign(request)) return;
  const queue = runtime.matcher(factsOf(request));
  if (queue !== undefined) event.respondWith(answer(event, queue, answering));
}

/**
 * Any site can send a form here. A replay would lend it our `Origin`, our `SameSite` cookies and our `Sec-Fetch-Site`. A service
 * worker is shown none of these headers. The referrer tells: its page can drop it, and cannot forge it.
 */
function mayBeForeign({ mode, referrer }: Request): boolean {
  return mode === 'navigate' && !referrer.startsWith(`${location.origin}/`);
}

async function identified({ identity }: Runtime): Promise<Response> {
  await identity.refresh().catch(() => undefined);
  return new Response(null, { status: 204 });
}

/** A worker is about to lead. */
async function seatTaken(event: FetchEvent, carrier: Carrier): Promise<Response> {
  const { ended } = await carrier.takeSeat();
  event.waitUntil(ended);
  return new Response(null, { status: 204 });
}

/** Where a receipt points to: how its job stands, without bodies. */
async function statusOf(ticket: string, { database }: Runtime): Promise<Response> {
  const view = await readJob(database, ticket).catch(() => undefined);
  if (!view) {
    const detail = 'It was never accepted here, or is not kept any more.';
    return toResponse(refusalParts({ status: 404, code: 'job-unknown', title: 'No such job', detail }));
  }
  const { answer: last, ...state } = view;
  return Response.json({ ...state, ...(last ? { status: last.status } : {}) });
}
