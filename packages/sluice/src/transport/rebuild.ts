import { SluiceError, sentenceOf } from '../core/errors.js';
import type { StoredRequest } from '../core/job.js';
import { markReplay } from './replay.js';

/**
 * Makes the request that was captured, marked as a replay.
 *
 * @throws SluiceError `request-unreadable`, with the reason of the platform
 */
export function rebuild(stored: StoredRequest, body: ArrayBuffer | undefined): Request {
  const { url, secrets: _, ...init } = stored;
  try {
    return new Request(markReplay(url), { ...init, ...(body ? { body } : {}) } as RequestInit);
  } catch (cause) {
    throw new SluiceError('request-unreadable', `the stored row makes no request: ${sentenceOf(cause)}`, {
      value: url,
      cause,
    });
  }
}
