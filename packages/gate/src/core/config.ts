import { GateError } from './errors.js';
import type { PolicyPatch, QueuePolicy } from './queue-row.js';
import type { Rate } from './rate.js';

/** Which requests belong to a queue. */
export interface Match {
  /** Default `'POST'`. */
  readonly method?: string | readonly string[];
  /** A path, exactly; with `*` at its end, all that begin so; or a function. */
  readonly url: string | ((url: URL) => boolean);
}

export interface QueueConfig {
  readonly match: Match;
  /** Over all nodes, in any window. Default: any number of requests. */
  readonly rate?: Rate;
  /** How long a request may wait for its instant on the connection, in ms. Default 500. */
  readonly holdMs?: number;
  /** The service's line, for callers that consent to a 202. Default false: there is none. */
  readonly line?: false | LineConfig;
  /** What becomes of `Idempotency-Key`. Default `'optional'`. */
  readonly idempotency?: 'off' | 'optional' | 'required';
  /** How long a key and its answer are kept, in ms. Default a day. */
  readonly keepKeysMs?: number;
  /** An answer is kept up to this size, in bytes. Default 65,536. */
  readonly answerBytes?: number;
  /** A larger request is refused (413), in bytes. Default 1,048,576. */
  readonly bodyBytes?: number;
  /** A node that does not renew a lease for so long is taken for gone, in ms. Default 30,000. */
  readonly leaseMs?: number;
  /**
   * What becomes of a request whose node has died before its answer was kept. `'unknown'`: its effect may have happened, an operator
   * decides. `'repeat'`: it runs again, right where all effects are made in `once` or bear a repeat. Default `'unknown'`.
   */
  readonly afterCrash?: 'unknown' | 'repeat';
}

export interface LineConfig {
  /** Default 100,000. */
  readonly maxJobs?: number;
  /** Default 1 GiB. */
  readonly maxBytes?: number;
  /** A job that fails so often is dead. Default 10. */
  readonly maxAttempts?: number;
  /** Jobs that one node has in flight at most. Default 50. */
  readonly concurrency?: number;
}

/** A queue with all its defaults. */
export interface QueueSpec {
  readonly name: string;
  readonly match: Match;
  readonly idempotency: 'off' | 'optional' | 'required';
  readonly answerBytes: number;
  readonly bodyBytes: number;
  readonly policy: QueuePolicy;
}

const DAY_MS = 86_400_000;
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** @throws GateError `config-invalid`, with the queue, the field and what is allowed */
export function specOf(name: string, config: QueueConfig): QueueSpec {
  if (!NAME.test(name)) throw invalid('the name of a queue', name, '1 to 64 letters, digits, - and _');
  const { match, rate, line = false, idempotency = 'optional', afterCrash = 'unknown' } = config;
  const isTarget = typeof match?.url === 'function' || match?.url?.startsWith('/');
  if (!isTarget) throw invalid(`${name}, match.url`, match?.url, 'a path that begins with /, or a function');
  checkPatch(name, { ...(rate && { rate }), holdMs: config.holdMs ?? 500 });
  const positive = (field: keyof QueueConfig, otherwise: number): number =>
    checkPositive(`${name}, ${field}`, (config[field] as number | undefined) ?? otherwise);
  return {
    name,
    match,
    idempotency,
    answerBytes: positive('answerBytes', 65_536),
    bodyBytes: positive('bodyBytes', 1_048_576),
    policy: {
      rate: rate ?? null,
      holdMs: config.holdMs ?? 500,
      leaseMs: positive('leaseMs', 30_000),
      keepKeysMs: positive('keepKeysMs', DAY_MS),
      afterCrash,
      line: line === false ? null : lineOf(name, line),
    },
  };
}

/** @throws GateError `config-invalid` */
export function checkPatch(name: string, { rate, holdMs }: PolicyPatch): void {
  if (holdMs !== undefined && !(holdMs >= 0)) throw invalid(`${name}, holdMs`, holdMs, 'a number from 0 on');
  if (!rate) return;
  const { limit, perMs, burst = 1 } = rate;
  const isWhole = (value: number): boolean => Number.isInteger(value) && value >= 1;
  if (!isWhole(limit)) throw invalid(`${name}, rate.limit`, limit, 'a whole number from 1 on');
  if (!(perMs >= 1 && perMs <= DAY_MS)) throw invalid(`${name}, rate.perMs`, perMs, '1 to 86,400,000');
  if (!isWhole(burst) || burst > limit) throw invalid(`${name}, rate.burst`, burst, '1 to rate.limit');
}

function lineOf(name: string, line: LineConfig): NonNullable<QueuePolicy['line']> {
  const positive = (field: keyof LineConfig, otherwise: number): number =>
    checkPositive(`${name}, line.${field}`, line[field] ?? otherwise);
  return {
    maxJobs: positive('maxJobs', 100_000),
    maxBytes: positive('maxBytes', 2 ** 30),
    maxAttempts: positive('maxAttempts', 10),
    concurrency: positive('concurrency', 50),
  };
}

function checkPositive(field: string, value: number): number {
  if (!(Number.isFinite(value) && value >= 1)) throw invalid(field, value, 'a number from 1 on');
  return value;
}

export function invalid(field: string, value: unknown, allowed: string): GateError {
  const given = typeof value === 'function' ? 'a function' : JSON.stringify(value);
  return new GateError('config-invalid', `${field} is ${given}; allowed: ${allowed}`, { value });
}

/** Whether a request belongs to a queue. */
export function isMatch({ method = 'POST', url: wanted }: Match, requestMethod: string, url: URL): boolean {
  const methods = typeof method === 'string' ? [method] : method;
  if (!methods.some((one) => one.toUpperCase() === requestMethod)) return false;
  if (typeof wanted === 'function') return wanted(url);
  return wanted.endsWith('*') ? url.pathname.startsWith(wanted.slice(0, -1)) : url.pathname === wanted;
}
