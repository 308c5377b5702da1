import type { AttemptEnd } from '../core/attempt.js';
import type { Expect } from '../core/config.js';
import type { AttemptControl, Claim, Clock, Dispatch } from '../core/ports.js';
import { unchargedOrigin } from '../core/reached.js';
import { readAnswer } from './answer.js';
import { exchange } from './exchange.js';
import { failureOf } from './failure.js';
import { type Prepared, type PrepareOptions, type Preparing, prepareRequest } from './prepare.js';
import { sleepUntilSend } from './sleep-until.js';

export interface DispatchOptions extends PrepareOptions {
  expectOf: (queue: string) => Expect | undefined;
  fetch: (request: Request, init: RequestInit) => Promise<Response>;
}

/** Prepared requests of jobs that came too late and are about to be claimed again. */
const KEPT = 16;

/** A token or a signature is good for a while: no longer is one kept. */
const KEPT_MS = 2000;

interface Kept {
  prepared: Prepared;
  at: number;
  epoch: number;
}

/** Makes attempts: rebuild, prepare, wait for the charged instant, check, send, read the answer. */
export function createDispatch(options: DispatchOptions): Dispatch {
  const { clock } = options;
  const kept = new Map<string, Kept>();
  return async (claim, control) => {
    const { job, policy, body, credentials } = claim;
    // An edit gives another key; and two jobs may have one key, where it is the app's own.
    const id = `${job.ticket} ${job.idempotencyKey} ${credentials}`;
    const preparing = { job, policy, body, signal: control.signal };
    const known = kept.get(id);
    kept.delete(id);
    const one = known && isFresh(known, clock) ? known : await prepare(preparing, options);
    const { prepared } = one;
    if (prepared.kind !== 'request') return prepared;
    const origin = unchargedOrigin(prepared.request.url, policy, claim.charged);
    if (origin !== undefined) {
      keep(kept, id, one);
      return { kind: 'unsent', why: 'uncharged', origin };
    }
    control.onPrepared();
    await sleepUntilSend(clock, claim.sendAt, control.signal);
    await control.confirm();
    const end = await send(prepared.request, { claim, control, options });
    if (end.kind === 'unsent' && end.why === 'late') keep(kept, id, one);
    return end;
  };
}

interface Sending {
  claim: Claim;
  control: AttemptControl;
  options: DispatchOptions;
}

async function send(request: Request, { claim, control, options }: Sending): Promise<AttemptEnd> {
  const { clock } = options;
  const timeout = new AbortController();
  const { timeoutMs } = claim.policy;
  const callOff = clock.at(Math.max(clock.now(), claim.sendAt) + timeoutMs, () => timeout.abort());
  // No await from here to the fetch: what was checked must still hold when it leaves.
  const why = control.mayBegin();
  if (why !== 'yes') {
    callOff();
    return { kind: 'unsent', why };
  }
  const sent = { request, timedOut: timeout.signal, fetch: options.fetch };
  return receive(sent, { claim, control, options }).finally(callOff);
}

/** A request, and what makes its answer come. */
export interface Sent extends Pick<DispatchOptions, 'fetch'> {
  request: Request;
  /** Aborts once the answer has taken too long. */
  timedOut: AbortSignal;
}

async function receive(
  { request, timedOut, fetch }: Sent,
  { claim, control, options }: Sending,
): Promise<AttemptEnd> {
  const { clock, expectOf } = options;
  const signal = AbortSignal.any([control.signal, timedOut]);
  try {
    const expect = expectOf(claim.job.queue);
    const exchanged = await exchange(request, { fetch, expect, signal });
    return await readAnswer(exchanged, { capBytes: capOf(claim), now: clock.now() });
  } catch (error) {
    if (control.signal.aborted) return { kind: 'aborted' };
    return timedOut.aborted ? { kind: 'timeout' } : await failureOf(error, request, options);
  }
}

/** An attempt that another context has begun: only its answer is read. */
export function followUp(sent: Sent, options: DispatchOptions): Dispatch {
  return (claim, control) => receive(sent, { claim, control, options });
}

const BATCH_BYTES = 1024 * 1024;

/** What is kept for each job of a batch is cut out of the answer to all of them, which is larger. */
function capOf({ policy: { resultBytes }, riders }: Claim): number {
  return riders.length === 0 ? resultBytes : BATCH_BYTES + resultBytes * (1 + riders.length);
}

async function prepare(preparing: Preparing, options: DispatchOptions): Promise<Kept> {
  const { clock } = options;
  const epoch = clock.epoch();
  const prepared = await prepareRequest(preparing, options);
  return { prepared, at: clock.now(), epoch };
}

/** Where the clock has jumped, the machine may have slept for hours. */
function isFresh({ at, epoch }: Kept, clock: Clock): boolean {
  return clock.epoch() === epoch && clock.now() - at <= KEPT_MS;
}

function keep(kept: Map<string, Kept>, id: string, one: Kept): void {
  kept.set(id, one);
  const [oldest] = kept.keys();
  if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
}
