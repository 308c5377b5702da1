import type { AttemptEnd } from '../core/attempt.js';
import type { Context, Expect, Prepare } from '../core/config.js';
import { isSluiceError, sentenceOf } from '../core/errors.js';
import type { Job } from '../core/job.js';
import type { AttemptControl, Claim, Clock, Dispatch } from '../core/ports.js';
import { isOpaque, readAnswer } from './answer.js';
import { capture } from './capture.js';
import { withKey } from './idempotency.js';
import { judge } from './judge.js';
import { rebuild } from './rebuild.js';
import { isReplay } from './replay.js';
import { revealSecrets } from './seal.js';

export interface DispatchOptions {
  readBody: (job: Job) => Promise<ArrayBuffer | undefined>;
  sealingKey: () => Promise<CryptoKey>;
  /** The `prepare` of a queue; undefined for a queue without one, or without a config. */
  prepareOf: (queue: string) => Prepare | undefined;
  expectOf: (queue: string) => Expect | undefined;
  context: () => Promise<Context>;
  clock: Clock;
  fetch: (request: Request, init: RequestInit) => Promise<Response>;
}

type Prepared = { kind: 'request'; request: Request } | AttemptEnd;

/** Prepared requests of jobs that came too late and are about to be claimed again. */
const KEPT = 16;

/** Makes attempts: rebuild, prepare, wait for the charged instant, check, send, read the answer. */
export function createDispatch(options: DispatchOptions): Dispatch {
  const kept = new Map<string, Prepared>();
  return async (claim, control) => {
    const { ticket } = claim.job;
    const prepared = kept.get(ticket) ?? (await prepare(claim, control, options));
    kept.delete(ticket);
    if (prepared.kind !== 'request') return prepared;
    control.onPrepared();
    await sleepUntil(options.clock, claim.sendAt);
    const end = await send(prepared.request, { claim, control, options });
    if (end.kind === 'unsent' && end.why === 'late') keep(kept, ticket, prepared);
    return end;
  };
}

async function prepare(claim: Claim, control: AttemptControl, options: DispatchOptions): Promise<Prepared> {
  const { job, policy } = claim;
  let request: Request;
  try {
    const body = await options.readBody(job);
    if (job.bodyBytes > 0 && !body) return { kind: 'unreadable', detail: 'its body is gone' };
    const clear = await revealSecrets(job.request, options.sealingKey);
    request = rebuild({ ...clear, headers: withKey(clear, job.idempotencyKey, policy.idempotency) }, body);
  } catch (error) {
    const isRow = isSluiceError(error) && error.code === 'request-unreadable';
    return isRow ? { kind: 'unreadable', detail: sentenceOf(error) } : { kind: 'unsent', why: 'stopped' };
  }
  const own = options.prepareOf(job.queue);
  if (!own) return { kind: 'request', request };
  const limit = giveUp(claim, control, options);
  const made = callPrepare(own, request, { job, context: options.context });
  return Promise.race([made, limit.reached]).finally(limit.callOff);
}

/** Users' code may never answer, and must hold neither its job nor an engine that lets go. */
function giveUp(
  { policy }: Claim,
  { signal }: AttemptControl,
  { clock }: DispatchOptions,
): { reached: Promise<AttemptEnd>; callOff: () => void } {
  let callOff = (): void => undefined;
  const reached = new Promise<AttemptEnd>((resolve) => {
    const detail = `no answer within ${policy.timeoutMs} ms`;
    callOff = clock.at(clock.now() + policy.timeoutMs, () => resolve({ kind: 'prepare-failed', detail }));
    signal.addEventListener('abort', () => resolve({ kind: 'unsent', why: 'stopped' }));
  });
  return { reached, callOff };
}

/** Users' code: it may throw anything, take its time, and lose the mark. */
async function callPrepare(
  own: Prepare,
  request: Request,
  { job, context }: { job: Job; context: () => Promise<Context> },
): Promise<Prepared> {
  try {
    const made = await own(request, { job, context: await context() });
    if (made === 'sign-in') return { kind: 'sign-in' };
    return { kind: 'request', request: isReplay(made.url) ? made : await marked(made) };
  } catch (error) {
    return { kind: 'prepare-failed', detail: sentenceOf(error) };
  }
}

/** A request that `prepare` made from scratch: without the mark it would be queued again. */
async function marked(made: Request): Promise<Request> {
  const { request, body } = await capture(made);
  return rebuild(request, body);
}

interface Sending {
  claim: Claim;
  control: AttemptControl;
  options: DispatchOptions;
}

async function send(
  request: Request,
  { claim, control, options: { clock, fetch, expectOf } }: Sending,
): Promise<AttemptEnd> {
  const timeout = new AbortController();
  const { timeoutMs, resultBytes } = claim.policy;
  const callOff = clock.at(Math.max(clock.now(), claim.sendAt) + timeoutMs, () => timeout.abort());
  const signal = AbortSignal.any([control.signal, timeout.signal]);
  // No await from here to the fetch: what was checked must still hold when it leaves.
  const why = control.mayBegin();
  if (why !== 'yes') {
    callOff();
    return { kind: 'unsent', why };
  }
  try {
    // Any init resets the referrer of a request (Fetch, "new Request", step 12): it has to be said again.
    const { referrer, referrerPolicy } = request;
    const response = await fetch(request, { signal, referrer, referrerPolicy });
    const expect = expectOf(claim.job.queue);
    // Its copy is made before the body is read, and it is read to its end only after.
    const judged = isOpaque(response) ? undefined : await judge(response, { expect, request, signal });
    return await readAnswer(response, { capBytes: resultBytes, now: Date.now(), judged });
  } catch (error) {
    if (control.signal.aborted) return { kind: 'aborted' };
    return timeout.signal.aborted
      ? { kind: 'timeout' }
      : { kind: 'network-error', detail: sentenceOf(error) };
  } finally {
    callOff();
  }
}

function keep(kept: Map<string, Prepared>, ticket: string, prepared: Prepared): void {
  kept.set(ticket, prepared);
  const [oldest] = kept.keys();
  if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
}

function sleepUntil(clock: Clock, at: number): Promise<void> {
  return at <= clock.now() ? Promise.resolve() : new Promise((resolve) => clock.at(at, resolve));
}
