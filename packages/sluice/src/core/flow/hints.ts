import { httpDate, retryAfterMs } from '../retry-after.js';

/**
 * What an answer tells of the limits of its service. Every part is a lower bound on waiting, never a schedule. None of
 * these headers is readable across origins unless the service exposes it (Fetch, CORS-safelisted response headers): to
 * know nothing is the normal case.
 */
export interface Hint {
  /** From Retry-After. */
  notBeforeMs?: number;
  /** Requests left, until more come after `resetMs`. */
  remaining?: number;
  resetMs?: number;
  /** Requests per window. */
  quota?: number;
  windowMs?: number;
}

export type Headers = readonly (readonly [name: string, value: string])[];

/** Longest reset that is believed: a wrong unit must not stop a queue for days. */
const LONGEST_RESET_MS = 3_600_000;

/**
 * Reads what the headers tell; undefined where that is nothing. Malformed values are ignored. An instant is one of the service's
 * clock, which its Date tells (RFC 9110, 6.6.1); ours may be wrong by minutes, and counts where no Date can be read.
 */
export function hintOf(status: number, headers: Headers, now: number): Hint | undefined {
  const values = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
  const get = (name: string): string | undefined => values.get(name);
  // A stored answer tells of another time.
  if (Number(get('age') ?? 0) > 0) return undefined;
  const answeredAt = httpDate(get('date') ?? '') ?? now;
  const notBeforeMs = retryAfterMs(get('retry-after') ?? null, answeredAt);
  const hint: Hint = {
    ...(current(get) ?? legacy(get, answeredAt) ?? leaky(get)),
    ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
  };
  if (Object.keys(hint).length > 0) return hint;
  // GitHub's secondary limits answer with nothing to go by, and ask for a minute.
  const isGithub = status === 429 && get('x-github-request-id') !== undefined;
  return isGithub ? { notBeforeMs: 60_000 } : undefined;
}

/** True where the headers say that nothing is left: a 403 with it means "too fast", not "forbidden". */
export function isQuotaSpent(hint: Hint | undefined): boolean {
  return hint?.remaining === 0;
}

type Get = (name: string) => string | undefined;

/**
 * `RateLimit: "default";r=50;t=30` and `RateLimit-Policy: "default";q=100;w=60`
 * (draft-ietf-httpapi-ratelimit-headers-10, lists of RFC 9651), and draft-07's `limit=100, remaining=50, reset=30`.
 * Of several policies the tightest holds.
 */
function current(get: Get): Hint | undefined {
  const items = itemsOf(get('ratelimit'));
  const policies = itemsOf(get('ratelimit-policy')).filter(({ qu = '"requests"' }) => qu === '"requests"');
  const left = tightest(
    items.flatMap(({ r, remaining = r, t, reset = t }) => {
      const [count, seconds] = [wholeOf(remaining), wholeOf(reset)];
      return count === undefined || seconds === undefined
        ? []
        : [{ remaining: count, resetMs: resetIn(seconds) }];
    }),
    ({ remaining, resetMs }) => remaining / Math.max(resetMs, 1),
  );
  const policy = tightest(
    policies.flatMap(({ q, w }) => {
      const [quota, seconds] = [wholeOf(q), wholeOf(w)];
      return !quota || !seconds ? [] : [{ quota, windowMs: seconds * 1000 }];
    }),
    ({ quota, windowMs }) => quota / windowMs,
  );
  return left || policy ? { ...left, ...policy } : undefined;
}

/** The older fields: `RateLimit-Remaining` and `X-RateLimit-Remaining` with their `-Reset`. */
function legacy(get: Get, answeredAt: number): Hint | undefined {
  for (const prefix of ['ratelimit', 'x-ratelimit']) {
    const remaining = wholeOf(get(`${prefix}-remaining`));
    const reset = wholeOf(get(`${prefix}-reset`));
    if (remaining !== undefined) {
      return {
        remaining,
        ...(reset === undefined ? {} : { resetMs: resetIn(deltaSeconds(reset, answeredAt)) }),
      };
    }
  }
  return undefined;
}

/** Shopify's leaky bucket: `used/size`, which drains at two a second on the standard plan. */
function leaky(get: Get): Hint | undefined {
  const [, used, size] = /^(\d+)\/(\d+)$/.exec(get('x-shopify-shop-api-call-limit') ?? '') ?? [];
  if (used === undefined || size === undefined) return undefined;
  const remaining = Math.max(0, Number(size) - Number(used));
  return { remaining, resetMs: remaining === 0 ? 500 : Number(used) * 500 };
}

/** Delta seconds, as most send it, or the epoch in seconds (GitHub) or milliseconds. */
function deltaSeconds(reset: number, answeredAt: number): number {
  if (reset > 1e12) return (reset - answeredAt) / 1000;
  return reset > 1e9 ? reset - answeredAt / 1000 : reset;
}

function resetIn(seconds: number): number {
  return Math.min(Math.max(0, seconds * 1000), LONGEST_RESET_MS);
}

/** The parameters of each item of a list; a quoted name may hold a comma. */
function itemsOf(value: string | undefined): Record<string, string>[] {
  if (value === undefined) return [];
  const isDraft7 = /(^|,)\s*(limit|remaining|reset)=/.test(value);
  const items = isDraft7 ? [value.replaceAll(',', ';')] : (value.match(/(?:"(?:[^"\\]|\\.)*"|[^,])+/g) ?? []);
  return items.map((item) =>
    Object.fromEntries(
      [...item.matchAll(/([a-z][\w*.-]*)\s*=\s*("(?:[^"\\]|\\.)*"|[^;,\s]+)/g)].map(([, name, text]) => [
        name,
        text,
      ]),
    ),
  );
}

function wholeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text.trim()) ? Number(text) : undefined;
}

function tightest<T>(items: readonly T[], rate: (item: T) => number): T | undefined {
  return items.toSorted((a, b) => rate(a) - rate(b))[0];
}
