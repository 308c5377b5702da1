import type { Intake } from '../core/messages.js';
import type { Matcher } from '../core/match.js';
import { receiptParts, refusalParts } from '../core/receipt.js';
import type { Runtime } from '../drain/runtime.js';
import { capture } from '../transport/capture.js';
import { direct, toResponse } from '../transport/direct.js';
import { rebuild } from '../transport/rebuild.js';
import { factsOf, isReplay } from '../transport/replay.js';
import type { BrokenPace } from './broken-pace.js';

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
  if (isReplay(event.request.url)) return;
  const queue = interception.matcher(factsOf(event.request));
  if (queue !== undefined) event.respondWith(answer(event, queue, interception));
}

async function answer(event: FetchEvent, queue: string, interception: Interception): Promise<Response> {
  const captured = await capture(event.request);
  const intake = await interception.runtime.intake.accept(captured, queue);
  if (intake.kind === 'accepted') interception.onAccepted(event);
  if (intake.kind === 'direct') return direct(intake, captured);
  if (intake.kind !== 'broken' || intake.whenBroken === 'reject') return responseTo(intake);
  await interception.brokenPace.turn(queue);
  return fetch(rebuild(captured.request, captured.body));
}

function responseTo(intake: Intake): Response {
  if (intake.kind === 'unmatched') return Response.error();
  return toResponse(intake.kind === 'accepted' ? receiptParts(intake.receipt) : refusalParts(intake.refusal));
}
