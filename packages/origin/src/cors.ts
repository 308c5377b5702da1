import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

const EXPOSED = [
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'Idempotency-Replayed',
].join(', ');

export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

/** Lets every page in, by name: with credentials, `*` means nothing. */
export function corsFields({ origin }: IncomingHttpHeaders): Record<string, string> {
  if (origin === undefined) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': EXPOSED,
    vary: 'Origin',
  };
}

/** The answer to a preflight: whatever is asked for. */
export function preflightFields(headers: IncomingHttpHeaders): Record<string, string> {
  return {
    ...corsFields(headers),
    'access-control-allow-methods': String(headers['access-control-request-method']),
    'access-control-allow-headers': headers['access-control-request-headers'] ?? '',
    'access-control-max-age': '600',
  };
}
