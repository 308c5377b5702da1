import type { QueueConfig } from './config.js';
import { given, type QueuePolicy, withBurst } from './policy.js';
import { QUEUE_RULES, relations } from './queue-rules.js';
import { problemsOf, throwProblems } from './validate.js';

/**
 * The fields of a queue that can be changed while it runs: those that are plain data, and that the store or the engine
 * reads.
 */
export type PolicyPatch = Pick<QueueConfig, Patchable>;

type Patchable =
  | 'rate'
  | 'concurrency'
  | 'adaptive'
  | 'maxJobs'
  | 'maxBytes'
  | 'whenFull'
  | 'maxAttempts'
  | 'ttlMs'
  | 'timeoutMs'
  | 'leaseMs'
  | 'backoff'
  | 'deadKeptMs'
  | 'resultsKeptMs'
  | 'resultBytes'
  | 'verdicts'
  | 'repeat';

const PATCHABLE: readonly Patchable[] = [
  'rate',
  'concurrency',
  'adaptive',
  'maxJobs',
  'maxBytes',
  'whenFull',
  'maxAttempts',
  'ttlMs',
  'timeoutMs',
  'leaseMs',
  'backoff',
  'deadKeptMs',
  'resultsKeptMs',
  'resultBytes',
  'verdicts',
  'repeat',
];

/**
 * @param base the policy of the queue's config, which the patch is put upon
 * @throws SluiceError `config-invalid`, naming each field and value that is wrong, and what is allowed
 */
export function checkPatch(queue: string, patch: PolicyPatch, base: QueuePolicy): void {
  const rules = Object.fromEntries(PATCHABLE.map((name) => [name, QUEUE_RULES[name]]));
  const where = `setPolicy('${queue}')`;
  const problems = problemsOf(where, patch, rules);
  throwProblems(problems);
  throwProblems(relations(where, { ...patch, backoff: patched(base, patch).backoff }));
}

/** The policy of the config with the patch upon it. */
export function patched(base: QueuePolicy, patch: PolicyPatch | null): QueuePolicy {
  if (!patch) return base;
  const { rate: asked, backoff = {}, verdicts, ...plain } = given(patch);
  return {
    ...base,
    ...plain,
    rate: asked ? withBurst(asked) : base.rate,
    backoff: { ...base.backoff, ...given(backoff) },
    verdicts: { ...base.verdicts, ...verdicts },
  };
}
