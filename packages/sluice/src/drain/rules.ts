import type { RewriteRequest, SluiceDefinition } from '../core/config.js';
import type { Rewrite, StoredRequest } from '../core/job.js';
import type { Rules } from '../store/ledger.js';
import { answerFacts, bytesOfBody, capturedFacts, pairsOf } from '../transport/intake-facts.js';
import { requireSendable } from '../transport/rebuild.js';
import { isSecret, placeOf } from '../transport/seal.js';

/** What a queue does within transactions; undefined for one that is not known here. */
export function rulesOf({ queues }: SluiceDefinition, queue: string): Rules | undefined {
  const known = queues.find(({ name }) => name === queue);
  if (!known) return undefined;
  const { rewrite, batch, policy } = known;
  return {
    rewrite: rewrite ? rewriteBy(rewrite, policy.secretHeaders) : (stored) => stored,
    batches: batch !== undefined,
  };
}

/** Puts an earlier answer into a later request. */
function rewriteBy(rewrite: RewriteRequest, secretHeaders: readonly string[]): Rewrite {
  return (stored, prior) => {
    const { request, body } = stored;
    const change = rewrite(capturedFacts(stored), answerFacts(prior));
    const secret = change.headers?.find(([name]) => isSecret(name, secretHeaders));
    if (secret) throw new Error(`${secret[0]} cannot be sealed within a transaction: leave it to prepare`);
    const next = {
      ...request,
      headers: pairsOf(change.headers ?? request.headers),
      // Relative to what it was: `/api/items/7` need not repeat the origin.
      url: new URL(change.url ?? request.url, request.url).href,
    };
    checkSeal(request, next);
    const rewritten = { request: next, body: change.body === undefined ? body : bytesOfBody(change.body) };
    requireSendable(rewritten);
    return rewritten;
  };
}

/** It could not be opened any more. */
function checkSeal(request: StoredRequest, next: StoredRequest): void {
  const { secrets } = request;
  if (secrets.kind !== 'sealed' || placeOf(next, secrets) === placeOf(request, secrets)) return;
  throw new Error('its sealed headers do not go along to another place');
}
