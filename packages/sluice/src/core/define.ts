import type { BatchConfig, QueueConfig, QueueDefinition, SluiceConfig, SluiceDefinition } from './config.js';
import { DEFAULT_POLICY, type QueuePolicy, type Rate } from './policy.js';
import {
  age,
  callable,
  duration,
  flag,
  isRecord,
  label,
  match,
  oneOf,
  positive,
  type Problem,
  problemsOf,
  type Rule,
  shape,
  size,
  throwProblems,
  token,
  tokens,
  wholeFrom,
} from './validate.js';

const rate = shape({ limit: positive, perMs: duration, burst: positive }, ['limit', 'perMs']);

const QUEUE_RULES: Record<keyof QueueConfig, Rule> = {
  match,
  rate,
  concurrency: positive,
  adaptive: flag,
  maxJobs: positive,
  maxBytes: size,
  maxBodyBytes: size,
  whenFull: oneOf('reject', 'drop-oldest'),
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
    { max: positive, maxBytes: size, waitMs: wholeFrom(0, 2 ** 31 - 1), combine: callable, split: callable },
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
  idempotencyHeader: token,
  idempotencyFormat: oneOf('quoted', 'raw'),
  secretHeaders: tokens,
  secrets: oneOf('seal', 'drop'),
};

const TOP_RULES: Record<keyof SluiceConfig, Rule> = {
  name: label,
  enabled: flag,
  limits: {
    allows: (value) =>
      isRecord(value) && Object.entries(value).every(([key, one]) => isOrigin(key) && rate.allows(one)),
    allowed: `an object of rates by origin, such as { 'https://api.example.com': ${rate.allowed} }`,
  },
  queues: {
    allows: (value) => typeof value === 'object' && value !== null,
    allowed: 'an object of queues by name',
  },
};

/**
 * Checks a config and fills in its defaults.
 *
 * @throws SluiceError `config-invalid`, naming each queue, field and value that is wrong, and what is allowed
 */
export function defineSluice<const Q extends string>(config: SluiceConfig<Q>): SluiceDefinition<Q> {
  throwProblems(problemsIn(config));
  const limits = Object.entries(config.limits ?? {}).map(([key, one]) => [key, withBurst(one)]);
  const queues = Object.entries<QueueConfig>(config.queues).map(([name, queue]) =>
    definitionOf(name, queue, Object.fromEntries(limits)),
  );
  return { name: config.name ?? 'sluice', enabled: config.enabled ?? true, queues };
}

/** A config or its definition, as the definition: entries take both. */
export function definitionFrom<const Q extends string>(
  config: SluiceConfig<Q> | SluiceDefinition<Q>,
): SluiceDefinition<Q> {
  return Array.isArray(config.queues)
    ? (config as SluiceDefinition<Q>)
    : defineSluice(config as SluiceConfig<Q>);
}

function problemsIn(config: SluiceConfig): Problem[] {
  const problems = problemsOf('the config', config, TOP_RULES);
  if (problems.length > 0) return problems;
  if (!config.queues)
    return [{ where: 'the config, queues', value: config.queues, allowed: 'at least one queue' }];
  const queues = Object.entries(config.queues);
  if (queues.length === 0) return [{ where: 'the config, queues', value: {}, allowed: 'at least one queue' }];
  const limits = Object.entries(config.limits ?? {});
  return [
    ...limits.flatMap(([origin, one]) => burstProblems(`the config, limits, ${origin}`, one)),
    ...queues.flatMap(([name, queue]) => problemsInQueue(name, queue)),
  ];
}

function problemsInQueue(name: string, queue: QueueConfig): Problem[] {
  const where = `queue '${name}'`;
  if (!label.allows(name)) return [{ where: `${where}, its name`, value: name, allowed: label.allowed }];
  const problems = problemsOf(where, queue, QUEUE_RULES);
  if (problems.length > 0) return problems;
  if (queue.match === undefined)
    return [{ where: `${where}, match`, value: undefined, allowed: match.allowed }];
  return relations(where, queue);
}

/** What must hold between fields that are each right by themselves. */
function relations(where: string, queue: QueueConfig): Problem[] {
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
  return problems;
}

function burstProblems(where: string, { limit, burst = 1 }: Rate): Problem[] {
  if (burst <= limit) return [];
  return [{ where: `${where}.burst`, value: burst, allowed: `at most rate.limit, ${limit}` }];
}

function definitionOf(name: string, queue: QueueConfig, limits: QueuePolicy['limits']): QueueDefinition {
  return {
    name,
    policy: { ...policyOf(queue), limits },
    match: queue.match,
    whenBroken: queue.whenBroken ?? 'network',
    optionFunctions: queue,
    coalesce: queue.coalesce,
    rewrite: queue.rewrite,
    batch: queue.batch,
    prepare: queue.prepare,
    secretHeaders: queue.secretHeaders ?? [],
    secrets: queue.secrets ?? 'seal',
  };
}

/** Evenly spaced, where no burst is asked for. */
function withBurst(asked: Rate): Required<Rate> {
  return { burst: 1, ...asked };
}

function batchOf({ max, maxBytes = 1024 * 1024, waitMs = 0 }: BatchConfig): QueuePolicy['batch'] {
  return { max, maxBytes, waitMs };
}

function isOrigin(key: string): boolean {
  try {
    return new URL(key).origin === key;
  } catch {
    return false;
  }
}

function policyOf(queue: QueueConfig): QueuePolicy {
  const entries = Object.keys(DEFAULT_POLICY).map((field) => {
    const key = field as keyof QueueConfig & keyof QueuePolicy;
    return [key, queue[key] ?? DEFAULT_POLICY[key]];
  });
  return {
    ...(Object.fromEntries(entries) as QueuePolicy),
    dedupeWindowMs: queue.dedupeWindowMs ?? queue.ttlMs ?? DEFAULT_POLICY.dedupeWindowMs,
    rate: queue.rate ? withBurst(queue.rate) : null,
    batch: queue.batch ? batchOf(queue.batch) : null,
    backoff: { ...DEFAULT_POLICY.backoff, ...queue.backoff },
    idempotency: {
      header: queue.idempotencyHeader ?? DEFAULT_POLICY.idempotency.header,
      format: queue.idempotencyFormat ?? DEFAULT_POLICY.idempotency.format,
      crossOrigin: queue.idempotencyHeader !== undefined,
    },
  };
}
