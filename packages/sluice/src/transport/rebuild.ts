import { SluiceError, sentenceOf } from '../core/errors.js';
import type { StoredRequest } from '../core/job.js';
import { markReplay } from './replay.js';

/**
 * Makes the request that was captured, marked as a replay. A navigation needs no mark, since the service worker that lets it through
 * does not see its own requests, and WebKit would lead to a page that bears it.
 *
 * @throws SluiceError `request-unreadable`, with the reason of the platform
 */
export function rebuild(stored: StoredRequest, body: ArrayBuffer | undefined): Request {
  const { url, mode } = stored;
  return unmarked(mode === 'navigate' ? stored : { ...stored, url: markReplay(url) }, body);
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
    throw new SluiceError('request-unreadable', `the stored row makes no request: ${sentenceOf(cause)}`, {
      value: url,
      cause,
    });
  }
}
