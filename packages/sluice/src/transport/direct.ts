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

export function toResponse({ status, headers, body }: ResponseParts): Response {
  return new Response(body, { status, headers });
}
