import type { AttemptEnd } from '../core/attempt.js';
import type { QueueDefinition } from '../core/config.js';
import { sentenceOf } from '../core/errors.js';
import type { Identity, Owner } from '../core/identity.js';
import type { Job } from '../core/job.js';
import type { Captured } from '../core/messages.js';
import { isInTime } from '../core/pace.js';
import { unchargedOrigin } from '../core/reached.js';
import { verdictOn } from '../core/verdict.js';
import { readOptions, storableOptions, type Tried } from '../drain/draft.js';
import type { PassId } from '../core/pass.js';
import type { PassEnd } from '../core/ports.js';
import type { Runtime } from '../drain/runtime.js';
import { mayPass } from '../store/passes.js';
import { headOf } from '../transport/answer.js';
import { exchange } from '../transport/exchange.js';
import { failureOf } from '../transport/failure.js';
import { keyOf, newKey } from '../transport/idempotency.js';
import { newId } from '../transport/new-id.js';
import { sleepUntilSend } from '../transport/sleep-until.js';

/** What came of a network-first try: the service's answer, or what the job is to be stored with. */
export type TryEnd =
  | { kind: 'answered'; response: Response; pass: PassId; ended: PassEnd }
  | { kind: 'queue'; tried: Tried | undefined };

/**
 * Sends a request at once, where its queue has a slot and nothing waits ahead. Nothing is stored before: if this context
 * ends in mid-try the page sees a network error, as it would have without us.
 */
export async function tryFirst(
  runtime: Runtime,
  queue: QueueDefinition,
  { captured, identity }: { captured: Captured; identity: Promise<Identity> },
): Promise<TryEnd> {
  const idempotencyKey = keyOf(captured.request, queue.policy.idempotency.header) ?? newKey();
  // Before the charge: the first look of all may take longer than a send may be late. What fails is said where it is stored.
  const owner = (await identity.catch(() => undefined))?.owner;
  const turn = owner && (await charge(runtime, queue, { captured, owner, idempotencyKey }));
  if (!turn) return { kind: 'queue', tried: undefined };
  const { end, response } = await send(runtime, queue, { captured, owner, idempotencyKey, ...turn });
  const { kind } = verdictOn(end, queue.policy);
  const { pass, at: sentAt } = turn;
  if (response && kind !== 'nack' && kind !== 'freeze')
    return { kind: 'answered', response, pass, ended: { end, sentAt } };
  // The answer is not for the page: whatever is left of it need not be loaded.
  response?.body?.cancel().catch(() => undefined);
  const endedAt = runtime.clock.now();
  return {
    kind: 'queue',
    tried: {
      pass,
      idempotencyKey,
      end,
      sentAt,
      endedAt,
      credentials: turn.credentials,
      chance: runtime.chance,
    },
  };
}

/** Storage that fails now will fail again in a moment, and is answered there. */
async function charge(
  { store, clock, chance }: Runtime,
  queue: QueueDefinition,
  { captured, owner, idempotencyKey }: { captured: Captured; owner: Owner; idempotencyKey: string },
) {
  try {
    const { orderingKey, dedupeKey, cost } = await storableOptions(queue, readOptions(queue, captured));
    const keys = { orderingKey, dedupeKey, idempotencyKey };
    const coalesces = queue.coalesce !== undefined;
    const { name, firstTryMs } = queue;
    const sending = { queue: name, url: captured.request.url, cost, pass: newId(), owner, firstTryMs };
    return await store.chargeFirstTry({ ...sending, ...keys, coalesces }, { now: clock.now(), chance });
  } catch {
    return undefined;
  }
}

interface Sending {
  captured: Captured;
  /** Whoever was signed in as it came. */
  owner: Owner;
  idempotencyKey: string;
  pass: PassId;
  at: number;
  latestAt: number;
  charged: readonly string[];
  until: number;
}

interface Sent {
  end: AttemptEnd;
  response?: Response;
}

function send(runtime: Runtime, queue: QueueDefinition, sending: Sending): Promise<Sent> {
  return runtime.identity.during(sending.owner, (signedOut) =>
    sendUnless(signedOut, runtime, queue, sending),
  );
}

async function sendUnless(
  signedOut: AbortSignal,
  runtime: Runtime,
  queue: QueueDefinition,
  { captured, owner, idempotencyKey, pass, at, latestAt, charged, until }: Sending,
): Promise<Sent> {
  const { clock, database, fetch, prepare } = runtime;
  let request: Request | undefined;
  const tooLong = new AbortController();
  const callOff = clock.at(until, () => tooLong.abort());
  try {
    const signal = AbortSignal.any([tooLong.signal, signedOut]);
    const job = { ...jobOf(queue, captured, { idempotencyKey, now: clock.now() }), owner };
    const prepared = await prepare({ job, body: captured.body, policy: queue.policy, signal });
    if (prepared.kind !== 'request') return { end: prepared };
    const origin = unchargedOrigin(prepared.request.url, queue.policy, charged);
    if (origin !== undefined) return { end: { kind: 'unsent', why: 'uncharged', origin } };
    await sleepUntilSend(clock, at);
    if (!(await mayPass(database, pass, clock.now()))) return { end: { kind: 'unsent', why: 'stopped' } };
    if (!isInTime(clock.now(), { at, latestAt })) return { end: { kind: 'unsent', why: 'late' } };
    request = prepared.request;
    const exchanged = await exchange(request, { fetch, expect: queue.expect, signal });
    return { end: headOf(exchanged, clock.now()), response: exchanged.response };
  } catch (error) {
    if (signedOut.aborted) return { end: { kind: 'aborted' } };
    if (tooLong.signal.aborted) return { end: { kind: 'timeout' } };
    if (!request) return { end: { kind: 'network-error', detail: sentenceOf(error) } };
    const end = await failureOf(error, request, runtime);
    // No retry can help: the page hears at once what plain `fetch` would tell it.
    return end.kind === 'blocked' ? { end, response: Response.error() } : { end };
  } finally {
    callOff();
  }
}

/** What `prepare` is shown of a job that is not stored yet. */
function jobOf(
  { name, policy }: QueueDefinition,
  { request, body }: Captured,
  { idempotencyKey, now }: { idempotencyKey: string; now: number },
): Omit<Job, 'owner'> {
  return {
    queue: name,
    seq: 0,
    ticket: '',
    state: { kind: 'ready', at: 0 },
    rank: 0,
    priority: 0,
    cost: 1,
    link: 0,
    idempotencyKey,
    enqueuedAt: now,
    expiresAt: now + policy.ttlMs,
    attempts: 0,
    orphans: 0,
    request,
    bodyBytes: body?.byteLength ?? 0,
  };
}
