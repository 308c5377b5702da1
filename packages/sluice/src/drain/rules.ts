import type { RewriteRequest, SluiceDefinition } from '../core/config.js';
import type { Rewrite, Stored } from '../core/job.js';
import type { Rules } from '../store/ledger.js';
import { answerFacts, bytesOfBody, capturedFacts, pairsOf } from '../transport/intake-facts.js';
import { placeOf } from '../transport/seal.js';

/** What a queue does within transactions; undefined for one that is not known here. */
export function rulesOf({ queues }: SluiceDefinition, queue: string): Rules | undefined {
  const known = queues.find(({ name }) => name === queue);
  if (!known) return undefined;
  const { rewrite, batch } = known;
  return { rewrite: rewrite ? rewriteBy(rewrite) : (stored) => stored, batches: batch !== undefined };
}

/** Puts an earlier answer into a later request. */
function rewriteBy(rewrite: RewriteRequest): Rewrite {
  return (stored, prior) => applied(stored, rewrite(capturedFacts(stored), answerFacts(prior)));
}

function applied(
  { request, body }: Stored,
  change: { url?: string; body?: string | ArrayBuffer; headers?: readonly (readonly [string, string])[] },
): Stored {
  const { secrets } = request;
  const headers = pairsOf(change.headers ?? request.headers);
  return {
    // Relative to what it was: `/api/items/7` need not repeat the origin.
    request: {
      ...request,
      headers,
      url: new URL(change.url ?? request.url, request.url).href,
      secrets: secrets.kind === 'sealed' ? { ...secrets, place: placeOf(request) } : secrets,
    },
    body: change.body === undefined ? body : bytesOfBody(change.body),
  };
}
