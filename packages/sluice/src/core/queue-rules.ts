import type { QueueConfig } from './config.js';
import { DEFAULT_POLICY, type Rate } from './policy.js';
import { LONGEST_HOLD_MS } from './prefer.js';
import {
  age,
  callable,
  duration,
  flag,
  isRecord,
  match,
  oneOf,
  atOnce,
  positive,
  type Problem,
  type Rule,
  shape,
  size,
  token,
  tokens,
  urlPattern,
  wholeFrom,
} from './validate.js';
import { isVerdictKey, VERDICT_WORDS, type VerdictWord } from './verdict-table.js';

export const rate: Rule = shape({ limit: positive, perMs: duration, burst: positive }, ['limit', 'perMs']);

/** What is allowed in each field of a queue. */
export const QUEUE_RULES: Record<keyof QueueConfig, Rule> = {
  match,
  mode: oneOf('queue-first', 'network-first'),
  firstTryMs: duration,
  respond: oneOf('receipt', 'hold'),
  holdMs: wholeFrom(1, LONGEST_HOLD_MS),
  whenUndelivered: oneOf('reject', 'answer'),
  receipt: callable,
  navigations: shape(
    {
      redirectTo: {
        allows: (value) => typeof value === 'string' && value !== '',
        allowed: 'the URL of a page',
      },
    },
    ['redirectTo'],
  ),
  rate,
  concurrency: atOnce,
  adaptive: flag,
  maxJobs: positive,
  maxBytes: size,
  maxBodyBytes: size,
  whenFull: oneOf('reject', 'drop-oldest', 'drop-lowest', 'network'),
  whenBroken: oneOf('network', 'reject'),
  orderingKey: callable,
  fairnessKey: callable,
  dedupeKey: callable,
  dedupeWindowMs: age,
  coalesce: {
    allows: (value) => value === 'replace' || callable.allows(value),
    allowed: "'replace' or a function",
  },
  priority: callable,
  cost: callable,
  batch: shape(
    { max: atOnce, maxBytes: size, waitMs: wholeFrom(0, 2 ** 31 - 1), combine: callable, split: callable },
    ['max', 'combine', 'split'],
  ),
  rewrite: callable,
  prepare: callable,
  maxAttempts: positive,
  ttlMs: age,
  timeoutMs: duration,
  leaseMs: duration,
  backoff: shape({ baseMs: duration, maxMs: duration }),
  deadKeptMs: age,
  resultsKeptMs: age,
  resultBytes: size,
  trustOpaque: flag,
  verdicts: {
    allows: (value) =>
      isRecord(value) &&
      Object.entries(value).every(
        ([key, word]) => isVerdictKey(key) && VERDICT_WORDS.includes(word as VerdictWord),
      ),
    allowed: `a status, '2xx' to '5xx', 'redirected', 'portal', 'network-error', 'timeout' or 'hidden' each with ${oneOf(...VERDICT_WORDS).allowed}`,
  },
  expect: callable,
  signInUrl: urlPattern,
  repeat: oneOf('always', 'never'),
  attemptHeaders: flag,
  idempotencyHeader: token,
  idempotencyFormat: oneOf('quoted', 'raw'),
  secretHeaders: tokens,
  seal: oneOf('secrets', 'all'),
  secrets: oneOf('seal', 'drop'),
};

/** What must hold between fields that are each right by themselves. */
export function relations(where: string, queue: Partial<QueueConfig>): Problem[] {
  const { backoff, dedupeKey, dedupeWindowMs, coalesce, ttlMs = DEFAULT_POLICY.ttlMs } = queue;
  const problems: Problem[] = [];
  if (queue.rate) problems.push(...burstProblems(`${where}, rate`, queue.rate));
  const { baseMs, maxMs } = { ...DEFAULT_POLICY.backoff, ...backoff };
  if (baseMs > maxMs) {
    problems.push({
      where: `${where}, backoff.baseMs`,
      value: baseMs,
      allowed: `at most backoff.maxMs, ${maxMs}`,
    });
  }
  if (dedupeWindowMs !== undefined && dedupeWindowMs < ttlMs) {
    // A job may live that long: a shorter memory would let its own duplicate in.
    problems.push({
      where: `${where}, dedupeWindowMs`,
      value: dedupeWindowMs,
      allowed: `at least ttlMs, ${ttlMs}`,
    });
  }
  if (!dedupeKey && (coalesce !== undefined || dedupeWindowMs !== undefined)) {
    problems.push({
      where: `${where}, dedupeKey`,
      value: undefined,
      allowed: 'a function, with coalesce or dedupeWindowMs',
    });
  }
  if (queue.seal === 'all') problems.push(...sealProblems(where, queue));
  return problems;
}

/** A transaction does not wait for a key. */
function sealProblems(where: string, { coalesce, rewrite }: Partial<QueueConfig>): Problem[] {
  const allowed = "none, with seal: 'all': it would read what is sealed within a transaction";
  return [
    ...(typeof coalesce === 'function'
      ? [{ where: `${where}, coalesce`, value: coalesce, allowed: `'replace' or ${allowed}` }]
      : []),
    ...(rewrite ? [{ where: `${where}, rewrite`, value: rewrite, allowed }] : []),
  ];
}

export function burstProblems(where: string, { limit, burst = 1 }: Rate): Problem[] {
  if (burst <= limit) return [];
  return [{ where: `${where}.burst`, value: burst, allowed: `at most rate.limit, ${limit}` }];
}
