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
      headers: [...request.headers].filter(([name]) => !BROWSERS_OWN.test(name)),
      secrets: { kind: 'none' },
      mode: stored.mode ?? request.mode,
      credentials: request.credentials,
      cache: request.cache,
      // Navigations alone follow redirects by themselves; what we send instead has to.
      redirect: request.mode === 'navigate' ? 'follow' : request.redirect,
      referrer: request.referrer,
      referrerPolicy: request.referrerPolicy,
      integrity: request.integrity,
    },
    ...(body && body.byteLength > 0 ? { body } : {}),
  };
}

/**
 * What the browser has added by itself and will add again. `user-agent` above all: put back by a script, it would cost a
 * request to another origin a preflight.
 */
const BROWSERS_OWN =
  /^(user-agent|accept-encoding|connection|content-length|cookie|host|origin|referer|sec-.*)$/i;

interface StoredByWorkbox {
  mode?: string;
  body?: ArrayBuffer;
}
