/** A request as the line keeps it, without its secrets. */
export interface StoredRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** What the line knows of a request that it has accepted. */
export interface LineJob {
  /** What its caller asks after it by. Random, so that it cannot be guessed. */
  readonly ticket: string;
  /** Its instant in the schedule (store's clock, epoch ms). It leaves earlier where instants stay idle. */
  readonly at: number;
  /** It leaves no earlier than this, also where instants stay idle. 0: at any time. */
  readonly notBefore: number;
  readonly attempts: number;
  /** What it counts against `maxBytes`. */
  readonly bytes: number;
}

/** Fields that are not stored: secrets of a session, and fields of one connection (RFC 9110, 7.6.1). */
const NOT_STORED = new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'prefer',
  'sluice-slot',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers without what must not be on disk. Fields whose name tells of a token against forgery are secrets too. */
export function storedHeaders(headers: Iterable<readonly [string, string]>): (readonly [string, string])[] {
  const isSecret = (name: string): boolean => NOT_STORED.has(name) || /csrf|xsrf/.test(name);
  return [...headers].filter(([name]) => !isSecret(name.toLowerCase()));
}

/** What a request counts against `maxBytes`. */
export function bytesOf({ url, headers, body }: StoredRequest): number {
  const ofHeaders = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  return url.length + ofHeaders + body.byteLength;
}
