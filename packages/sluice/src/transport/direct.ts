import type { Captured, Intake } from '../core/messages.js';
import { refusalParts, type ResponseParts } from '../core/receipt.js';
import { rebuild } from './rebuild.js';

/** Sends a request that a full queue has let through, at the instant that it was charged for or not at all. */
export async function direct(
  { turn, refusal }: Extract<Intake, { kind: 'direct' }>,
  { request, body }: Captured,
): Promise<Response> {
  await new Promise((resolve) => setTimeout(resolve, turn.at - Date.now()));
  return Date.now() > turn.latestAt ? toResponse(refusalParts(refusal)) : fetch(rebuild(request, body));
}

/** Statuses that no Response with a body can have (Fetch, null body status). */
const WITHOUT_BODY = [204, 205, 304];

export function toResponse({ status, statusText = '', headers, body }: ResponseParts): Response {
  return new Response(WITHOUT_BODY.includes(status) ? null : body, { status, statusText, headers });
}
