import type { CapturedFacts, OptionFunctions, QueueDefinition } from '../core/config.js';
import { SluiceError, sentenceOf } from '../core/errors.js';
import type { Owner } from '../core/identity.js';
import type { Coalesce, FirstTry, JobDraft } from '../core/job.js';
import { checkOptions, type JobOptions } from '../core/job-options.js';
import { given, type QueuePolicy } from '../core/policy.js';
import type { Captured } from '../core/messages.js';
import { keyOf, newKey } from '../transport/idempotency.js';
import { bytesOfBody, capturedFacts } from '../transport/intake-facts.js';
import type { SealingKeys } from '../transport/seal.js';
import { hideKeys, hideStored } from '../transport/seal-all.js';

export interface DraftContext {
  queue: QueueDefinition;
  /** What the caller asked for by name, before the functions of the queue. */
  asked: JobOptions;
  /** Who was signed in when it was captured, and when that was. */
  owner: Owner;
  capturedAt: number;
  sealingKey: SealingKeys;
  /** Where it was tried before: its key, and what came of it. */
  tried?: Tried | undefined;
}

export interface Tried extends FirstTry {
  idempotencyKey: string;
}

/**
 * A captured request as a job about to be stored. Everything that takes time is finished here, before the transaction opens.
 *
 * @throws SluiceError `body-too-large`, `function-failed`, `config-invalid` for an option that is not allowed
 */
export async function draftOf(captured: Captured, context: DraftContext): Promise<JobDraft> {
  const { request, body } = captured;
  const { queue, asked, owner, capturedAt, sealingKey, tried } = context;
  const { name, policy } = queue;
  checkSize(body, name, policy);
  const options = { ...readOptions(queue, captured), ...given(asked) };
  checkOptions(`a request to queue '${name}'`, options);
  const own = newKey();
  const idempotencyKey = tried?.idempotencyKey ?? keyOf(request, policy.idempotency.header) ?? own;
  const stored = await hideStored({ request, body }, policy, {
    idempotencyKey,
    isRewritten: queue.rewrite !== undefined,
    key: (isFresh) => sealingKey(owner, isFresh),
  });
  const merge = coalesceOf(queue);
  return {
    queue: name,
    owner,
    capturedAt,
    nonce: own.slice(0, 8),
    idempotencyKey,
    request: stored.request,
    options: await storableOptions(queue, options),
    ...(stored.body ? { body: stored.body } : {}),
    ...(merge ? { coalesce: merge } : {}),
    ...(tried ? { firstTry: tried } : {}),
  };
}

/** The options of a job as they stand in storage: where all is sealed, keys do not stand there in clear. */
export async function storableOptions({ policy }: QueueDefinition, options: JobOptions): Promise<JobOptions> {
  return policy.seal === 'all' ? hideKeys(options) : options;
}

const OPTIONS = [
  'orderingKey',
  'fairnessKey',
  'dedupeKey',
  'priority',
  'cost',
] as const satisfies (keyof OptionFunctions)[];

/** @throws SluiceError `function-failed` */
export function readOptions({ name, optionFunctions }: QueueDefinition, captured: Captured): JobOptions {
  const facts = capturedFacts(captured);
  const entries = OPTIONS.map((option) => [option, readOption(name, optionFunctions, { option, facts })]);
  return given(Object.fromEntries(entries) as JobOptions);
}

function readOption(
  queue: string,
  functions: OptionFunctions,
  { option, facts }: { option: keyof OptionFunctions; facts: CapturedFacts },
): unknown {
  try {
    return functions[option]?.(facts);
  } catch (cause) {
    throw new SluiceError(
      'function-failed',
      `the ${option} function of queue '${queue}' threw ${sentenceOf(cause)}; the request was not queued.`,
      { value: queue, cause },
    );
  }
}

function coalesceOf({ coalesce }: QueueDefinition): Coalesce | undefined {
  if (coalesce === undefined) return undefined;
  if (coalesce === 'replace') return (_, { body }) => ({ kind: 'replaced', body });
  return (previous, next) => {
    const body = coalesce(capturedFacts(previous), capturedFacts(next));
    return body === null ? { kind: 'undone' } : { kind: 'merged', body: bytesOfBody(body) };
  };
}

/** @throws SluiceError `body-too-large` */
export function checkSize(
  body: ArrayBuffer | undefined,
  queue: string,
  { maxBodyBytes }: Pick<QueuePolicy, 'maxBodyBytes'>,
): void {
  const bytes = body?.byteLength ?? 0;
  if (bytes <= maxBodyBytes) return;
  const sentence = `a body of ${bytes} bytes is more than maxBodyBytes of queue '${queue}' allows, ${maxBodyBytes}.`;
  throw new SluiceError('body-too-large', sentence, { value: bytes });
}
