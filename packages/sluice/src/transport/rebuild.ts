import { SluiceError } from '../core/errors.js';
import type { Stored, StoredRequest } from '../core/job.js';
import { type Carriable, markReplay } from './replay.js';

/**
 * Makes the request that was captured, marked as a replay. A navigation needs no mark, since the service worker that lets it through
 * does not see its own requests, and WebKit would lead to a page that bears it.
 *
 * @throws SluiceError `request-unreadable`
 */
export function rebuild(
  stored: StoredRequest,
  body: ArrayBuffer | undefined,
  carriable?: Carriable,
): Request {
  const { url, mode } = stored;
  return unmarked(mode === 'navigate' ? stored : { ...stored, url: markReplay(url, carriable) }, body);
}

/** The same for code of the user, which would take the mark for a part of the URL. */
export function unmarked(stored: StoredRequest, body: ArrayBuffer | undefined): Request {
  const { url, mode, secrets: _, ...init } = stored;
  // Nobody but the browser can make one.
  const as = mode === 'navigate' ? 'same-origin' : mode;
  // A GET may have none, also none that is empty.
  const content = body?.byteLength ? { body } : {};
  try {
    return new Request(url, { ...init, mode: as, ...content } as RequestInit);
  } catch (cause) {
    // Browsers quote the URL and the value of a header, which may be a secret.
    const { name } = cause as Error;
    throw new SluiceError(
      'request-unreadable',
      `no request can be made of it: ${name} for its URL, method, mode or headers`,
    );
  }
}

/**
 * Whether it can be sent at all, known before a receipt and not after it.
 *
 * @throws SluiceError `request-unreadable`
 */
export function requireSendable({ request, body }: Stored): void {
  // As large as it has to be: a GET may have none.
  const { headers } = rebuild(request, body?.byteLength ? new ArrayBuffer(1) : undefined);
  const isDropped =
    request.headers.some(([name]) => /^authorization$/i.test(name)) && !headers.has('authorization');
  if (isDropped)
    throw new SluiceError('request-unreadable', `mode '${request.mode}' drops its Authorization`);
}
