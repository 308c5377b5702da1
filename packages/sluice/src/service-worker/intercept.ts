import type { Matcher } from '../core/match.js';
import type { Captured, Intake } from '../core/messages.js';
import { askedAt, redirectParts, refusalParts } from '../core/receipt.js';
import { answerInTime } from '../drain/respond.js';
import type { Runtime } from '../drain/runtime.js';
import { readJob } from '../store/query.js';
import { capture } from '../transport/capture.js';
import { direct, toResponse } from '../transport/direct.js';
import { rebuild } from '../transport/rebuild.js';
import { factsOf, isReplay } from '../transport/replay.js';
import type { BrokenPace } from './broken-pace.js';
import { tryFirst } from './first-try.js';

export interface Interception {
  runtime: Runtime;
  matcher: Matcher;
  brokenPace: BrokenPace;
  /** Called once a request is stored, while its event still lives. */
  onAccepted: (event: FetchEvent) => void;
}

/**
 * Decides at once whether a request is ours. What is not gets no `respondWith` at all: the browser then treats it as if
 * there were no service worker, upload progress and streaming bodies included.
 */
export function intercept(event: FetchEvent, interception: Interception): void {
  const { request } = event;
  const { runtime, matcher } = interception;
  if (isReplay(request.url)) return;
  const asked = askedAt(request.url, location.origin);
  if (asked === `~${runtime.definition.name}`) return event.respondWith(identified(runtime));
  if (asked !== undefined && request.method === 'GET') return event.respondWith(statusOf(asked, runtime));
  const queue = matcher(factsOf(request));
  if (queue !== undefined) event.respondWith(answer(event, queue, interception));
}

async function answer(event: FetchEvent, queue: string, interception: Interception): Promise<Response> {
  const { runtime } = interception;
  // Now, not once the body has been read: somebody else may be signed in by then.
  const identity = runtime.identity.current();
  identity.catch(() => undefined);
  const isForm = event.request.mode === 'navigate';
  const captured = await capture(event.request);
  const definition = runtime.definition.queues.find(({ name }) => name === queue);
  const first =
    definition?.mode === 'network-first' && !isForm
      ? await tryFirst(runtime, definition, captured)
      : undefined;
  if (first?.kind === 'answered') return first.response;
  const tried = first?.tried;
  const intake = await runtime.intake.accept(captured, queue, { identity, ...(tried ? { tried } : {}) });
  if (intake.kind !== 'accepted') return passOrRefuse(intake, { captured, queue, interception });
  interception.onAccepted(event);
  const redirectTo = isForm ? definition?.navigations?.redirectTo : undefined;
  if (redirectTo) return toResponse(redirectParts(intake.receipt, new URL(redirectTo, location.href).href));
  return toResponse(await answerInTime(runtime, intake));
}

async function passOrRefuse(
  intake: Exclude<Intake, { kind: 'accepted' }>,
  { captured, queue, interception }: { captured: Captured; queue: string; interception: Interception },
): Promise<Response> {
  if (intake.kind === 'unmatched') return Response.error();
  if (intake.kind === 'direct') return direct(intake, captured);
  if (intake.kind === 'refused' || intake.whenBroken === 'reject')
    return toResponse(refusalParts(intake.refusal));
  await interception.brokenPace.turn(queue);
  return fetch(rebuild(captured.request, captured.body));
}

async function identified({ identity }: Runtime): Promise<Response> {
  await identity.refresh().catch(() => undefined);
  return new Response(null, { status: 204 });
}

/** Where a receipt points to: how its job stands, without bodies. */
async function statusOf(ticket: string, { database }: Runtime): Promise<Response> {
  const view = await readJob(database, ticket).catch(() => undefined);
  if (!view) {
    const detail = 'It was never accepted here, or its result is not kept any more.';
    return toResponse(refusalParts({ status: 404, code: 'job-unknown', title: 'No such job', detail }));
  }
  const { answer: last, ...state } = view;
  return Response.json(
    { ...state, ...(last ? { status: last.status } : {}) },
    { headers: { 'Cache-Control': 'no-store' } },
  );
}
