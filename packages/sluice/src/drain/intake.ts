import { policiesOf, type QueueDefinition, type SluiceDefinition } from '../core/config.js';
import { isSluiceError, SluiceError, sentenceOf } from '../core/errors.js';
import type { SluiceEvent } from '../core/events.js';
import type { JobDraft } from '../core/job.js';
import type { Captured, Intake, Refusal } from '../core/messages.js';
import type { QueuePolicy } from '../core/policy.js';
import type { EnqueueAnswer, Notify, Store } from '../core/ports.js';
import { capturedFacts } from '../transport/intake-facts.js';
import { keyOf, newKey } from '../transport/idempotency.js';
import { hideSecrets } from '../transport/seal.js';
import { createGroupCommit } from './group-commit.js';

export interface IntakeOptions {
  definition: SluiceDefinition;
  store: Store;
  sealingKey: () => Promise<CryptoKey>;
  notify: Notify;
  now: () => number;
}

/** Takes captured requests into the queue: the one way in, for the service worker and for the worker of a page. */
export interface IntakeDesk {
  /** One request; what arrives together is committed together. */
  accept(captured: Captured, queue: string): Promise<Intake>;
  /** Many requests in one transaction. `queues[i]` is the queue of `captured[i]`. */
  acceptAll(captured: readonly Captured[], queues: readonly string[]): Promise<Intake[]>;
}

export function createIntakeDesk(options: IntakeOptions): IntakeDesk {
  const { definition } = options;
  const policies = policiesOf(definition);
  const queues = new Map(definition.queues.map((queue) => [queue.name, queue]));
  const commit = (drafts: JobDraft[]): Promise<EnqueueAnswer[]> => enqueueAndTell(drafts, policies, options);
  const commitSoon = createGroupCommit(commit);

  const prepare = (captured: Captured, queue: string): Promise<JobDraft> => {
    const known = queues.get(queue);
    if (!known) throw unknownQueue(queue, [...queues.keys()]);
    return draftOf(captured, known, options.sealingKey);
  };

  return {
    accept: async (captured, queue) => {
      try {
        return intakeOf(await commitSoon(await prepare(captured, queue)), queue);
      } catch (error) {
        return failureOf(error, queues.get(queue));
      }
    },
    acceptAll: async (captured, names) => {
      const queueOf = (i: number): string => names[i] as string;
      try {
        const drafts = await Promise.all(captured.map((one, i) => prepare(one, queueOf(i))));
        return (await commit(drafts)).map((answer, i) => intakeOf(answer, queueOf(i)));
      } catch (error) {
        return captured.map((_, i) => failureOf(error, queues.get(queueOf(i))));
      }
    },
  };
}

async function enqueueAndTell(
  drafts: JobDraft[],
  policies: Record<string, QueuePolicy>,
  { store, notify, now }: IntakeOptions,
): Promise<EnqueueAnswer[]> {
  const answers = await store.enqueue(drafts, policies, now());
  notify.tell(answers.flatMap((answer, i) => eventsOf(answer, (drafts[i] as JobDraft).queue)));
  return answers;
}

function eventsOf(answer: EnqueueAnswer, queue: string): SluiceEvent[] {
  if (answer.kind === 'full') return [{ type: 'refused', queue, code: 'queue-full' }];
  return [...answer.shed, { type: 'accepted', queue, ticket: answer.receipt.ticket }];
}

/** Everything that takes time is finished here, before the transaction opens. */
async function draftOf(
  { request, body }: Captured,
  { name, policy, orderingKey, secrets, secretHeaders }: QueueDefinition,
  sealingKey: () => Promise<CryptoKey>,
): Promise<JobDraft> {
  if (body && body.byteLength > policy.maxBodyBytes)
    throw tooLarge(name, body.byteLength, policy.maxBodyBytes);
  const chain = orderingKey && callOrderingKey(name, orderingKey, { request, body });
  const idempotencyKey = keyOf(request, policy.idempotency.header) ?? newKey();
  const hidden = await hideSecrets(request, { mode: secrets, extra: secretHeaders, key: sealingKey });
  return {
    queue: name,
    nonce: newKey().slice(0, 8),
    idempotencyKey,
    request: hidden,
    ...(chain === undefined ? {} : { orderingKey: chain }),
    ...(body ? { body } : {}),
  };
}

function callOrderingKey(
  queue: string,
  orderingKey: NonNullable<QueueDefinition['orderingKey']>,
  captured: Captured,
): string | undefined {
  try {
    return orderingKey(capturedFacts(captured));
  } catch (cause) {
    throw new SluiceError(
      'function-failed',
      `the orderingKey function of queue '${queue}' threw ${sentenceOf(cause)}; the request was not queued.`,
      { value: queue, cause },
    );
  }
}

function intakeOf(answer: EnqueueAnswer, queue: string): Intake {
  if (answer.kind === 'accepted') return { kind: 'accepted', receipt: answer.receipt };
  const refusal: Refusal = {
    status: 503,
    code: 'queue-full',
    title: 'The queue is full',
    detail: `Queue '${queue}' holds as much as ${answer.limit} allows, ${answer.max}. Try again later, or raise it.`,
    retryAfterSeconds: Math.max(1, Math.ceil(answer.retryAfterMs / 1000)),
  };
  return { kind: 'refused', refusal };
}

/** What was asked wrongly is refused; where storage failed, the app shall not be worse off than without us. */
function failureOf(error: unknown, queue: QueueDefinition | undefined): Intake {
  const code = isSluiceError(error) ? error.code : 'storage-failed';
  const detail = sentenceOf(error);
  if (code === 'body-too-large')
    return refused({ status: 413, code, title: 'The body is too large', detail });
  if (code === 'queue-unknown' || code === 'function-failed') {
    return refused({ status: 503, code, title: 'The request could not be queued', detail });
  }
  const refusal = {
    status: 503,
    code,
    title: 'The request could not be stored',
    detail,
    retryAfterSeconds: 30,
  };
  return { kind: 'broken', whenBroken: queue?.whenBroken ?? 'network', refusal };
}

function refused(refusal: Refusal): Intake {
  return { kind: 'refused', refusal };
}

function tooLarge(queue: string, bytes: number, maxBytes: number): SluiceError {
  const sentence = `a body of ${bytes} bytes is more than maxBodyBytes of queue '${queue}' allows, ${maxBytes}.`;
  return new SluiceError('body-too-large', sentence, { value: bytes });
}

function unknownQueue(queue: string, known: readonly string[]): SluiceError {
  const names = known.map((name) => `'${name}'`).join(', ');
  return new SluiceError('queue-unknown', `there is no queue '${queue}'; known are ${names}.`, {
    value: queue,
  });
}
