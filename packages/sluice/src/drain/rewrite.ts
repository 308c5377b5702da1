import type { SluiceDefinition } from '../core/config.js';
import type { HeaderPairs, Rewrite, Stored } from '../core/job.js';
import { answerFacts, bytesOfBody, capturedFacts } from '../transport/intake-facts.js';

/** How a queue puts an earlier answer into a later request; undefined for a queue whose rules are not known here. */
export function rewriteOf({ queues }: SluiceDefinition, queue: string): Rewrite | undefined {
  const known = queues.find(({ name }) => name === queue);
  if (!known) return undefined;
  const { rewrite } = known;
  if (!rewrite) return (stored) => stored;
  return (stored, prior) => applied(stored, rewrite(capturedFacts(stored), answerFacts(prior)));
}

function applied(
  { request, body }: Stored,
  change: { url?: string; body?: string | ArrayBuffer; headers?: readonly (readonly [string, string])[] },
): Stored {
  const headers: HeaderPairs = (change.headers ?? request.headers).map(([name, value]) => [name, value]);
  return {
    // Relative to what it was: `/api/items/7` need not repeat the origin.
    request: { ...request, headers, url: new URL(change.url ?? request.url, request.url).href },
    body: change.body === undefined ? body : bytesOfBody(change.body),
  };
}
