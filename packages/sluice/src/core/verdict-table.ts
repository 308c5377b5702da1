/** What is made of an end: in one word, so that users can write it into a table. */
export type VerdictWord =
  /** Delivered. */
  | 'ack'
  /** Again, after a backoff; counts towards `maxAttempts`. */
  | 'nack'
  /** As nack; five in a row mean that the service is gone, and then it costs nothing. */
  | 'outage'
  /** The service asked for less: the queue slows down or holds, and the job loses nothing. */
  | 'freeze'
  /** The queue waits until somebody has signed in, and the job loses nothing. */
  | 'sign-in'
  /** Dead letters, by reason: the state of the service is another; nobody knows; it was refused. */
  | 'conflict'
  | 'unknown'
  | 'dead';

/** A status, a class of them, a 2xx to a write after a redirect, or an end without a status. */
export type VerdictKey = `${number}` | number | StatusClass | LedKey | 'network-error' | 'timeout' | 'hidden';

/** From its own origin, or from another. */
type LedKey = 'redirected' | 'portal';

export type StatusClass = '2xx' | '3xx' | '4xx' | '5xx';

/** The exact status goes before its class. */
export type VerdictTable = Partial<Record<VerdictKey, VerdictWord>>;

export const VERDICT_WORDS: readonly VerdictWord[] = [
  'ack',
  'nack',
  'outage',
  'freeze',
  'sign-in',
  'conflict',
  'unknown',
  'dead',
];

export const DEFAULT_VERDICTS: VerdictTable = {
  '2xx': 'ack',
  '3xx': 'unknown',
  '4xx': 'dead',
  '5xx': 'dead',
  401: 'sign-in',
  407: 'sign-in',
  408: 'nack',
  409: 'conflict',
  412: 'conflict',
  425: 'nack',
  429: 'freeze',
  500: 'nack',
  502: 'outage',
  503: 'outage',
  504: 'outage',
  'network-error': 'outage',
  timeout: 'outage',
  hidden: 'unknown',
  redirected: 'unknown',
  portal: 'outage',
};

export function isVerdictKey(key: string): boolean {
  return /^([1-5]\d\d|[2-5]xx|redirected|portal|network-error|timeout|hidden)$/.test(key);
}

/** The word of a table for a status; undefined where it has none. */
export function wordForStatus(table: VerdictTable, status: number): VerdictWord | undefined {
  return table[status] ?? table[`${Math.floor(status / 100)}xx` as StatusClass];
}
