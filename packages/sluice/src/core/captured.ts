import { SluiceError } from './errors.js';
import { isPair } from './job.js';
import type { HandedOver } from './messages.js';

const TEXTS = ['url', 'method', 'mode'] as const;

/**
 * What comes from another thread is what it says, or is refused before anything is made of it.
 *
 * @throws SluiceError `request-unreadable`
 */
export function requireCaptured(data: unknown): asserts data is HandedOver {
  const { request, body } = (data ?? {}) as Partial<HandedOver>;
  if (typeof request !== 'object' || request === null) throw unreadable('request', request);
  for (const field of TEXTS)
    if (typeof request[field] !== 'string') throw unreadable(`request.${field}`, request[field]);
  if (!URL.canParse(request.url)) throw unreadable('request.url', request.url);
  if (!Array.isArray(request.headers) || !request.headers.every(isPair))
    throw unreadable('request.headers', request.headers);
  // By its name: one of another realm is no instance of ours.
  if (body !== undefined && Object.prototype.toString.call(body) !== '[object ArrayBuffer]')
    throw unreadable('body', body);
}

function unreadable(field: string, value: unknown): SluiceError {
  return new SluiceError('request-unreadable', `what was handed over is no request: its ${field} is not.`, {
    value,
  });
}
