import type { AttemptEnd } from '../core/attempt.js';
import type { Context, Prepare } from '../core/config.js';
import { sentenceOf } from '../core/errors.js';
import type { Owner } from '../core/identity.js';
import type { HeaderPairs, Job } from '../core/job.js';
import type { QueuePolicy } from '../core/policy.js';
import type { Clock } from '../core/ports.js';
import { read } from './capture.js';
import { withKey } from './idempotency.js';
import { type OpenOptions, openJob, type Unopened } from './open-job.js';
import { rebuild, unmarked } from './rebuild.js';
import type { Carriable } from './replay.js';

export interface PrepareOptions extends OpenOptions {
  /** The `prepare` of a queue; undefined for a queue without one, or without a config. */
  prepareOf: (queue: string) => Prepare | undefined;
  context: (owner: Owner) => Promise<Context>;
  clock: Clock;
  /** A URL of our own origin. */
  base: string;
}

export interface Preparing extends Unopened {
  policy: QueuePolicy;
  signal: AbortSignal;
}

export type Prepared = { kind: 'request'; request: Request } | AttemptEnd;

/** Makes the request that is sent out of the one that was stored. Never rejects. */
export async function prepareRequest(preparing: Preparing, options: PrepareOptions): Promise<Prepared> {
  const { job, policy } = preparing;
  const opened = await openJob(preparing, options);
  if (opened.kind !== 'opened') return opened;
  const { request: clear, body: content } = opened;
  const own = options.prepareOf(job.queue);
  const carriable = { ticket: job.ticket, timeoutMs: policy.timeoutMs };
  let request: Request;
  try {
    const isOwnOrigin = new URL(clear.url).origin === new URL(options.base).origin;
    const key = { value: job.idempotencyKey, isOwnOrigin };
    const headers = [...withKey(clear, key, policy.idempotency), ...toldOf(job, policy)];
    request = (own ? unmarked : rebuild)({ ...clear, headers }, content, carriable);
  } catch (error) {
    return { kind: 'unreadable', detail: sentenceOf(error) };
  }
  if (!own) return { kind: 'request', request };
  const limit = giveUp(preparing, options);
  const context = (): Promise<Context> => options.context(job.owner);
  const made = callPrepare(own, request, { job: { ...job }, context, carriable });
  return Promise.race([made, limit.reached]).finally(limit.callOff);
}

/** `no-cors` would drop them. */
function toldOf({ attempts, enqueuedAt, request }: Job, { attemptHeaders }: QueuePolicy): HeaderPairs {
  if (!attemptHeaders || request.mode === 'no-cors') return [];
  return [
    ['Sluice-Attempt', String(attempts + 1)],
    ['Sluice-Enqueued-At', new Date(enqueuedAt).toISOString()],
  ];
}

/** Users' code may never answer, and must hold neither its job nor an engine that lets go. */
function giveUp(
  { policy, signal }: Preparing,
  { clock }: PrepareOptions,
): { reached: Promise<AttemptEnd>; callOff: () => void } {
  let callOff = (): void => undefined;
  const reached = new Promise<AttemptEnd>((resolve) => {
    const detail = `no answer within ${policy.timeoutMs} ms`;
    callOff = clock.at(clock.now() + policy.timeoutMs, () => resolve({ kind: 'prepare-failed', detail }));
    signal.addEventListener('abort', () => resolve({ kind: 'unsent', why: 'stopped' }));
  });
  return { reached, callOff };
}

/** Users' code: it may throw anything, and take its time. */
async function callPrepare(
  own: Prepare,
  request: Request,
  { job, context, carriable }: { job: Job; context: () => Promise<Context>; carriable: Carriable },
): Promise<Prepared> {
  try {
    const made = await own(request, { job, context: await context() });
    return made === 'sign-in'
      ? { kind: 'sign-in' }
      : { kind: 'request', request: await marked(made, carriable) };
  } catch (error) {
    return { kind: 'prepare-failed', detail: sentenceOf(error) };
  }
}

/** Without the mark it would be queued again. */
async function marked(made: Request, carriable: Carriable): Promise<Request> {
  const { request, body } = await read(made);
  return rebuild(request, body, carriable);
}
