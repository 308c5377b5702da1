/** What the service has answered, as it is kept for a repeat of its key. */
export interface StoredAnswer {
  status: number;
  headers: readonly (readonly [name: string, value: string])[];
  /** Undefined: it was larger than the cap, and is not kept. */
  body: Uint8Array | undefined;
}

/** RFC 9110, 15: what the service has refused for now says nothing of the next try. */
const PASSING = new Set([401, 407, 408, 425, 429]);

/** Whether an answer ends its key. Any other lets go of the key, so that the next request with it is tried anew. */
export function isFinal(status: number): boolean {
  return status < 500 && !PASSING.has(status);
}

/** Whether the service says that it has done what was asked. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Fields of a connection or of an instant (RFC 9110, 7.6.1), and cookies, which are secrets of their session. */
const NOT_KEPT = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'date',
  'set-cookie',
]);

export function keptHeaders(
  headers: Iterable<readonly [name: string, value: string]>,
): (readonly [string, string])[] {
  const isKept = ([name]: readonly [string, string]): boolean =>
    !NOT_KEPT.has(name.toLowerCase()) && !name.toLowerCase().startsWith('access-control-');
  return [...headers].filter(isKept);
}
