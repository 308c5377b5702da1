import type { Captured, HandedOver } from '../core/messages.js';
import { authorizationIn, withoutFragment, withoutUserInfo } from './replay.js';

/**
 * Reads a request to its end into plain data. The request is used up, as `fetch` uses one up: to read a copy costs Chromium
 * ten times what reading does. An empty body is none: it would turn a DELETE without a body into one with.
 *
 * @throws TypeError if the body was read before, or broke off
 */
export async function capture(request: Request): Promise<Captured> {
  const { request: whole, body } = await read(request);
  const headers = whole.headers.filter(([name]) => !BROWSERS_OWN.test(name));
  const authorization = authorizationIn(request.url);
  if (authorization && !request.headers.has('Authorization')) headers.push(['authorization', authorization]);
  return { request: { ...whole, url: withoutUserInfo(whole.url), headers }, ...(body ? { body } : {}) };
}

/** The same, with each header that a script has set. */
export async function read(request: Request): Promise<Captured> {
  const body = await request.arrayBuffer();
  const isForm = request.mode === 'navigate';
  return {
    request: {
      url: withoutFragment(request.url),
      method: request.method,
      headers: [...request.headers],
      secrets: { kind: 'none' },
      // Nobody but the browser can make a navigation, and navigations alone follow redirects by themselves.
      mode: isForm ? 'same-origin' : request.mode,
      credentials: request.credentials,
      cache: request.cache,
      redirect: isForm ? 'follow' : request.redirect,
      referrer: request.referrer,
      referrerPolicy: request.referrerPolicy,
      integrity: request.integrity,
    },
    ...(body.byteLength > 0 ? { body } : {}),
  };
}

/** What a page hands over, as it is stored: a page reads its requests, and the rest is made here. */
export function tidied({ request, body }: HandedOver): Captured {
  const headers = request.headers.filter(([name]) => !BROWSERS_OWN.test(name));
  const stored = {
    ...request,
    url: withoutFragment(request.url),
    secrets: { kind: 'none' } as const,
    headers,
  };
  return { request: stored, ...(body && body.byteLength > 0 ? { body } : {}) };
}

/**
 * What the browser has added by itself and will add again. `user-agent` above all: put back by a script, it would cost a
 * request to another origin a preflight.
 */
const BROWSERS_OWN =
  /^(user-agent|accept-encoding|connection|content-length|cookie|host|origin|referer|sec-.*)$/i;
