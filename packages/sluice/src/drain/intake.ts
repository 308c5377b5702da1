import { requireCaptured } from '../core/captured.js';
import { policiesOf, type QueueDefinition, type SluiceDefinition } from '../core/config.js';
import { isSluiceError, SluiceError } from '../core/errors.js';
import type { SluiceEvent } from '../core/events.js';
import type { Identity } from '../core/identity.js';
import type { JobDraft } from '../core/job.js';
import type { JobOptions } from '../core/job-options.js';
import type { Matcher } from '../core/match.js';
import type { Captured, Intake, Taken } from '../core/messages.js';
import type { QueuePolicy } from '../core/policy.js';
import type { EnqueueAnswer, Store } from '../core/ports.js';
import { draftOf, type Tried } from './draft.js';
import { createGroupCommit } from './group-commit.js';
import { type Declined, failureOf, refusalOf } from './refusals.js';
import { acceptedAnswer, readWish, type Wish } from './respond.js';
import type { IdentitySource, IdentityThen } from './identity-source.js';
import type { SealingKeys } from '../transport/seal.js';
import { newId } from '../transport/new-id.js';
import type { World } from './world.js';

export interface IntakeOptions extends Pick<World, 'base' | 'clock' | 'chance' | 'notify'> {
  definition: SluiceDefinition;
  matcher: Matcher;
  store: Store;
  sealingKey: SealingKeys;
  identity: IdentitySource;
}

/** What is asked for a job, and where it was tried before, what came of it. */
export interface Asked {
  /** Without it the rules decide. */
  queue?: string | undefined;
  options?: JobOptions;
  tried?: Tried | undefined;
  /** Who was signed in when it was captured, where that was before. */
  identity?: Promise<IdentityThen>;
  /** Epoch ms: since then it is captured, and is of whoever was signed in. */
  askedAt?: number;
}

/** Takes captured requests into the queue: the one way in, for the service worker and for the worker of a page. */
export interface IntakeDesk {
  /** One whose answer is waited for; what arrives together is committed together. */
  accept(captured: Captured, asked: Asked): Promise<Intake>;
  /** Many, in their order and in few transactions. */
  acceptAll(
    captured: readonly Captured[],
    asked: Pick<Asked, 'queue' | 'options' | 'askedAt'>,
  ): Promise<Taken[]>;
}

export function createIntakeDesk(options: IntakeOptions): IntakeDesk {
  const { definition, matcher, base } = options;
  const policies = policiesOf(definition);
  const queues = new Map(definition.queues.map((queue) => [queue.name, queue]));
  const commit = (drafts: JobDraft[]): Promise<EnqueueAnswer[]> => enqueueAndTell(drafts, policies, options);
  const groupCommit = createGroupCommit(commit);

  const queueFor = (captured: Captured, asked: string | undefined): QueueDefinition | undefined => {
    requireCaptured(captured);
    const { method, url, mode } = captured.request;
    const name = asked ?? matcher({ method, url, mode, destination: '' });
    const queue = name === undefined ? undefined : queues.get(name);
    if (name !== undefined && !queue) throw unknownQueue(name, [...queues.keys()]);
    return queue;
  };
  const prepare = async (captured: Captured, queue: QueueDefinition, asked: Asked): Promise<Prepared> => {
    const wish = readWish(captured, queue);
    const current = await (asked.identity ?? options.identity.current());
    if (isLate(asked, current, options.clock.now())) throw signedOut();
    const { owner, askedAt } = current;
    const whose = { owner, capturedAt: asked.askedAt ?? askedAt };
    const context = { queue, asked: asked.options ?? {}, ...whose, sealingKey: options.sealingKey };
    return { wish, draft: await draftOf(wish.captured, { ...context, tried: asked.tried }) };
  };

  const accept: IntakeDesk['accept'] = async (captured, asked) => {
    let queue: QueueDefinition | undefined;
    try {
      queue = queueFor(captured, asked.queue);
      if (!queue) return UNMATCHED;
      const { draft, wish } = await prepare(captured, queue, asked);
      const answer = await groupCommit.one(draft);
      return answer.kind === 'accepted'
        ? acceptedAnswer(answer.receipt, queue, { wish, base })
        : await declined(answer, captured.request.url, { draft, options });
    } catch (error) {
      return failureOf(error, queue);
    }
  };
  const draftFor = async (captured: Captured, asked: Asked): Promise<JobDraft | Taken> => {
    const queue = queueFor(captured, asked.queue);
    return queue ? (await prepare(captured, queue, asked)).draft : UNMATCHED;
  };
  const acceptAll: IntakeDesk['acceptAll'] = async (captured, asked) => {
    // What is wrong with one of a list is said of that one.
    const drafts = await Promise.all(captured.map((one) => draftFor(one, asked).catch(refusedBy)));
    const answers = groupCommit.all(drafts.filter((one): one is JobDraft => !('kind' in one))).values();
    const takenAs = async (draft: JobDraft | Taken): Promise<Taken> => {
      if ('kind' in draft) return draft;
      const answer = await (answers.next().value as Promise<EnqueueAnswer>);
      return answer.kind === 'accepted'
        ? { kind: 'accepted', receipt: answer.receipt }
        : { kind: 'refused', refusal: refusalOf(answer, draft.queue) };
    };
    return Promise.all(drafts.map((draft) => takenAs(draft).catch(refusedBy)));
  };
  return { accept, acceptAll };
}

const UNMATCHED = { kind: 'unmatched' } as const;

/** A request on its way in, and how its page wishes to be answered. */
interface Prepared {
  draft: JobDraft;
  wish: Wish;
}

function refusedBy(error: unknown): Taken {
  return { kind: 'refused', refusal: failureOf(error, undefined).refusal };
}

/** A full queue that lets a request through charges it first; where it would have to wait too long it is refused. */
async function declined(
  answer: Declined,
  url: string,
  { draft, options: { store, clock, chance } }: { draft: JobDraft; options: IntakeOptions },
): Promise<Intake> {
  const { queue, owner, options } = draft;
  const refusal = refusalOf(answer, queue);
  if (answer.kind === 'full' && answer.passes) {
    const send = { queue, url, cost: options.cost, pass: newId(), owner };
    const turn = await store.chargeDirect(send, { now: clock.now(), chance });
    if (turn) return { kind: 'direct', turn, owner, refusal };
  }
  return { kind: 'refused', refusal };
}

async function enqueueAndTell(
  drafts: JobDraft[],
  policies: Record<string, QueuePolicy>,
  { store, notify, clock, identity }: IntakeOptions,
): Promise<EnqueueAnswer[]> {
  const answers = await store
    .enqueue(drafts, policies, clock.now())
    .catch((error: unknown) => lookedFor(error, drafts, { policies, store, now: clock.now() }));
  // The word that somebody else has signed in was lost: without a look of its own this context would refuse all that comes.
  if (answers.some((answer) => answer.kind === 'refused' && answer.code === 'signed-out')) identity.forget();
  notify.tell(answers.flatMap((answer, i) => eventsOf(answer, (drafts[i] as JobDraft).queue)));
  return answers;
}

/** Whether they were stored was not heard: those that were have their answer, and only the others are stored again. */
async function lookedFor(
  error: unknown,
  drafts: JobDraft[],
  { policies, store, now }: { policies: Record<string, QueuePolicy>; store: Store; now: number },
): Promise<EnqueueAnswer[]> {
  if (!isSluiceError(error) || error.code !== 'storage-unsure') throw error;
  const unsure = (): never => {
    throw error;
  };
  const found = await store.findStored(drafts, now).catch(unsure);
  const rest = drafts.filter((_, i) => !found[i]);
  const isAny = rest.length < drafts.length;
  const again =
    rest.length === 0 ? [] : await store.enqueue(rest, policies, now).catch(isAny ? unsure : rethrow);
  const others = again.values();
  return found.map((answer) => answer ?? (others.next().value as EnqueueAnswer));
}

function rethrow(error: unknown): never {
  throw error;
}

function eventsOf(answer: EnqueueAnswer, queue: string): SluiceEvent[] {
  if (answer.kind === 'accepted') return answer.events;
  return [{ type: 'refused', queue, code: answer.kind === 'full' ? 'queue-full' : answer.code }];
}

/** Somebody else has signed in meanwhile, maybe in another tab. An instant that is still to come is of a clock that was set back. */
function isLate({ askedAt }: Asked, { since }: Identity, now: number): boolean {
  return askedAt !== undefined && askedAt < since && since <= now;
}

function signedOut(): SluiceError {
  return new SluiceError('signed-out', 'the user changed before it was stored. Ask again.');
}

function unknownQueue(queue: string, known: readonly string[]): SluiceError {
  const names = known.map((name) => `'${name}'`).join(', ');
  return new SluiceError('queue-unknown', `there is no queue '${queue}'; known are ${names}.`, {
    value: queue,
  });
}
