import type { BatchConfig, QueueConfig, QueueDefinition, SluiceConfig, SluiceDefinition } from './config.js';
import { concurrencyFor, DEFAULT_POLICY, given, type QueuePolicy, withBurst } from './policy.js';
import { burstProblems, QUEUE_RULES, rate, relations } from './queue-rules.js';
import {
  flag,
  isRecord,
  label,
  match,
  type Problem,
  problemsOf,
  type Rule,
  throwProblems,
} from './validate.js';

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
  return Array.isArray((config as Partial<SluiceDefinition> | null)?.queues)
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

function definitionOf(name: string, queue: QueueConfig, limits: QueuePolicy['limits']): QueueDefinition {
  return {
    name,
    policy: { ...policyOf(queue), limits },
    match: queue.match,
    whenBroken: queue.whenBroken ?? 'network',
    mode: queue.mode ?? 'queue-first',
    firstTryMs: queue.firstTryMs ?? 5000,
    respond: queue.respond ?? 'receipt',
    holdMs: queue.holdMs ?? 25_000,
    whenUndelivered: queue.whenUndelivered ?? 'reject',
    receipt: queue.receipt,
    navigations: queue.navigations,
    optionFunctions: queue,
    coalesce: queue.coalesce,
    expect: queue.expect,
    signInUrl: queue.signInUrl,
    rewrite: queue.rewrite,
    batch: queue.batch,
    prepare: queue.prepare,
  };
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
    verdicts: { ...(queue.trustOpaque ? { hidden: 'ack' } : {}), ...queue.verdicts },
    rate: queue.rate ? withBurst(queue.rate) : null,
    concurrency: queue.concurrency ?? concurrencyFor(queue.rate),
    batch: queue.batch ? batchOf(queue.batch) : null,
    backoff: { ...DEFAULT_POLICY.backoff, ...given(queue.backoff ?? {}) },
    idempotency: {
      header: queue.idempotencyHeader ?? DEFAULT_POLICY.idempotency.header,
      format: queue.idempotencyFormat ?? DEFAULT_POLICY.idempotency.format,
      crossOrigin: queue.idempotencyHeader !== undefined,
    },
  };
}
