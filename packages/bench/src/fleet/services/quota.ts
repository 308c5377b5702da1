import type { Headers } from '../controller.js';
import { NO_HEADERS, type Reply, type Service } from './service.js';

/** What a service tells of its quota: nothing that a page may read, or what is left of it with every answer. */
export type Telling = 'nothing' | 'headers';

/** What is left of a quota, and when there is more, in ms from now. */
interface Left {
  remaining: number;
  moreInMs: number;
}

interface Quota {
  limit: number;
  perMs: number;
}

/** `limit` requests in each window of `perMs`; windows follow one another from `offsetMs` on. */
export function fixedWindow(quota: Quota, telling: Telling, offsetMs: number): Service {
  let window = Number.NaN;
  let used = 0;
  return quotaService(quota, telling, (now) => {
    const current = Math.floor((now - offsetMs) / quota.perMs);
    if (current !== window) used = 0;
    window = current;
    const isTaken = used < quota.limit;
    if (isTaken) used += 1;
    const moreInMs = offsetMs + (current + 1) * quota.perMs - now;
    return { isTaken, left: { remaining: quota.limit - used, moreInMs } };
  });
}

/** A bucket of `limit` tokens that is full again after `perMs`. */
export function tokenBucket(quota: Quota, telling: Telling): Service {
  const perMs = quota.limit / quota.perMs;
  let tokens = quota.limit;
  let filledAt = 0;
  return quotaService(quota, telling, (now) => {
    tokens = Math.min(quota.limit, tokens + (now - filledAt) * perMs);
    filledAt = now;
    const isTaken = tokens >= 1;
    if (isTaken) tokens -= 1;
    const moreInMs = Math.max(0, 1 - tokens) / perMs;
    return { isTaken, left: { remaining: Math.floor(tokens), moreInMs } };
  });
}

function quotaService(
  quota: Quota,
  telling: Telling,
  ask: (now: number) => { isTaken: boolean; left: Left },
): Service {
  return {
    arrive(now): Reply {
      const { isTaken, left } = ask(now);
      return { status: isTaken ? 200 : 429, at: now, headers: headersOf(quota, telling, left, isTaken) };
    },
  };
}

/** `RateLimit` and `RateLimit-Policy` as in draft-ietf-httpapi-ratelimit-headers-10, whole seconds as services send them. */
function headersOf({ limit, perMs }: Quota, telling: Telling, left: Left, isTaken: boolean): Headers {
  if (telling === 'nothing') return NO_HEADERS;
  const seconds = Math.ceil(left.moreInMs / 1000);
  return [
    ...(isTaken ? [] : [['retry-after', `${seconds}`] as const]),
    ['ratelimit', `"default";r=${left.remaining};t=${seconds}`],
    ['ratelimit-policy', `"default";q=${limit};w=${perMs / 1000}`],
  ];
}
