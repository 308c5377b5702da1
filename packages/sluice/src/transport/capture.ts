import { StorableRequest } from 'workbox-background-sync/lib/StorableRequest.js';
import type { Captured } from '../core/messages.js';
import { withoutFragment } from './replay.js';

/**
 * Reads a request to its end into plain data. StorableRequest does the work; where it falls short it is made good: headers
 * become pairs (its object loses `__proto__`), and an empty body is none (its zero-length buffer would turn a DELETE
 * without a body into one with).
 *
 * @throws TypeError if the body was read before, or broke off
 */
export async function capture(request: Request): Promise<Captured> {
  const stored = (await StorableRequest.fromRequest(request)).toObject() as StoredByWorkbox;
  const { body } = stored;
  return {
    request: {
      url: withoutFragment(request.url),
      method: request.method,
      headers: [...request.headers],
      secrets: { kind: 'none' },
      mode: stored.mode ?? request.mode,
      credentials: request.credentials,
      cache: request.cache,
      redirect: request.redirect,
      referrer: request.referrer,
      referrerPolicy: request.referrerPolicy,
      integrity: request.integrity,
    },
    ...(body && body.byteLength > 0 ? { body } : {}),
  };
}

interface StoredByWorkbox {
  mode?: string;
  body?: ArrayBuffer;
}
