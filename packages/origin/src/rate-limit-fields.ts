import type { Behaviour } from './behaviour.js';
import type { Usage } from './window.js';

/** The fields by which the service tells what is left of its limit. */
export function rateLimitFields(
  style: Behaviour['rateLimitFields'],
  usage: Usage | undefined,
  now: number,
): Record<string, string> {
  if (!usage || style === 'none') return {};
  const resetSeconds = Math.ceil(usage.resetMs / 1000);
  if (style === 'draft') {
    return {
      'ratelimit-policy': `"default";q=${usage.limit};w=${Math.ceil(usage.perMs / 1000)}`,
      ratelimit: `"default";r=${usage.remaining};t=${resetSeconds}`,
    };
  }
  return {
    'x-ratelimit-limit': String(usage.limit),
    'x-ratelimit-remaining': String(usage.remaining),
    // An instant, in epoch seconds, as the best-known APIs have it.
    'x-ratelimit-reset': String(Math.ceil((now + usage.resetMs) / 1000)),
  };
}
