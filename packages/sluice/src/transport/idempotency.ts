import type { HeaderPairs, StoredRequest } from '../core/job.js';
import type { QueuePolicy } from '../core/policy.js';

export { newId as newKey } from './new-id.js';

/** The key that the app has set by itself, without the quotes of an RFC 9651 string. */
export function keyOf({ headers }: Pick<StoredRequest, 'headers'>, header: string): string | undefined {
  const value = valueOf(headers, header);
  return value === undefined ? undefined : unquoted(value);
}

export function unquoted(value: string): string {
  return /^".*"$/.test(value) ? value.slice(1, -1).replace(/\\(["\\])/g, '$1') : value;
}

/**
 * The headers with the job's key, where it may go: with a write to our own origin; elsewhere only if the app has set the header or
 * the queue names it, since across origins it costs a preflight, also where a redirect leads there; never in `no-cors`, which would
 * drop it.
 */
export function withKey(
  { method, mode, headers }: Pick<StoredRequest, 'method' | 'mode' | 'headers'>,
  { value, isOwnOrigin }: { value: string; isOwnOrigin: boolean },
  { header, format, crossOrigin }: QueuePolicy['idempotency'],
): HeaderPairs {
  const isSet = valueOf(headers, header) !== undefined;
  const isDue = isOwnOrigin && method !== 'GET' && method !== 'HEAD';
  if (isSet || mode === 'no-cors' || !(isDue || crossOrigin)) return headers;
  return [...headers, [header, written(value, format)]];
}

/** The headers with another key, where the app has set one by itself. */
export function rekeyed(
  headers: HeaderPairs,
  value: string,
  { header, format }: Pick<QueuePolicy['idempotency'], 'header' | 'format'>,
): HeaderPairs {
  const isKey = (name: string): boolean => name.toLowerCase() === header.toLowerCase();
  return headers.map(([name, own]) => [name, isKey(name) ? written(value, format) : own]);
}

function written(key: string, format: QueuePolicy['idempotency']['format']): string {
  return format === 'raw' ? key : quote(key);
}

function quote(key: string): string {
  return `"${key.replace(/["\\]/g, '\\$&')}"`;
}

function valueOf(headers: HeaderPairs, name: string): string | undefined {
  return headers.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1];
}
