import type { CapturedFacts } from '../core/config.js';
import type { Captured } from '../core/messages.js';

/** A captured request, for the functions of users that read a key out of it. */
export function capturedFacts({ request, body }: Captured): CapturedFacts {
  const { method, url, mode, headers } = request;
  const text = (): string => new TextDecoder().decode(body ?? new ArrayBuffer(0));
  return { method, url, mode, destination: '', headers, text, json: () => JSON.parse(text()) as unknown };
}
