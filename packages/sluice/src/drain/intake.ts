import { policiesOf, type QueueDefinition, type SluiceDefinition } from '../core/config.js';
import { requireCaptured } from '../core/captured.js';
import { type ErrorCode, isSluiceError, SluiceError, sentenceOf } from '../core/errors.js';
import type { SluiceEvent } from '../core/events.js';
import type { Identity } from '../core/identity.js';
import type { JobDraft } from '../core/job.js';
import type { JobOptions } from '../core/job-options.js';
import type { Captured, Intake, Refusal } from '../core/messages.js';
import type { QueuePolicy } from '../core/policy.js';
import type { EnqueueAnswer, Store } from '../core/ports.js';
import { draftOf, type Tried } from './draft.js';
import { createGroupCommit } from './group-commit.js';
import { acceptedAnswer, readWish, type Wish } from './respond.js';
import type { IdentitySource } from './identity-source.js';
import type { SealingKeys } from '../transport/seal.js';
import type { World } from './world.js';

export interface IntakeOptions extends Pick<World, 'base' | 'clock' | 'chance' | 'notify'> {
  definition: SluiceDefinition;
  store: Store;
  sealingKey: SealingKeys;
  identity: IdentitySource;
}

/** What is asked for a job, and where it was tried before, what came of it. */
export interface Asked {
  options?: JobOptions;
  tried?: Tried | undefined;
  /** Who was signed in when it was captured, where that was before. */
  identity?: Promise<Identity>;
}

/** Requests of a list that one transaction takes: receipts of others wait for it, and a list in smaller parts takes longer. */
const LARGEST_PART = 2048;

/** Takes captured requests into the queue: the one way in, for the service worker and for the worker of a page. */
export interface IntakeDesk {
  /** One request; what arrives together is committed together. */
  accept(captured: Captured, queue: string, asked?: Asked): Promise<Intake>;
  /** Many requests, in few transactions, one as `accept` does. `queues[i]` is the queue of `captured[i]`; `asked` holds for each. */
  acceptAll(captured: readonly Captured[], queues: readonly string[], asked?: JobOptions): Promise<Intake[]>;
}

export function createIntakeDesk(options: IntakeOptions): IntakeDesk {
  const { definition, base } = options;
  const policies = policiesOf(definition);
  const queues = new Map(definition.queues.map((queue) => [queue.name, queue]));
  const commit = (drafts: JobDraft[]): Promise<EnqueueAnswer[]> => enqueueAndTell(drafts, policies, options);
  const commitSoon = createGroupCommit(commit);

  const prepare = async (
    captured: Captured,
    name: string,
    { options: asked = {}, tried, identity }: Asked,
  ): Promise<Prepared> => {
    requireCaptured(captured);
    const queue = queues.get(name);
    if (!queue) throw unknownQueue(name, [...queues.keys()]);
    const wish = readWish(captured, queue);
    const draft = await draftOf(wish.captured, {
      queue,
      asked,
      owner: (await (identity ?? options.identity.current())).owner,
      sealingKey: options.sealingKey,
      tried,
    });
    return { draft, toIntake: (answer) => intakeOf(answer, queue, { wish, base }) };
  };

  const accept: IntakeDesk['accept'] = async (captured, queue, asked = {}) => {
    try {
      const { draft, toIntake } = await prepare(captured, queue, asked);
      const answer = await commitSoon(draft);
      const intake = toIntake(answer);
      const isLetThrough = answer.kind === 'full' && answer.passes;
      return isLetThrough ? await letThrough(intake, captured.request.url, { draft, options }) : intake;
    } catch (error) {
      return failureOf(error, queues.get(queue));
    }
  };
  const acceptTogether: IntakeDesk['acceptAll'] = async (captured, names, asked = {}) => {
    const intakes: Intake[] = [];
    try {
      const prepared = await Promise.all(
        captured.map((one, i) => prepare(one, names[i] as string, { options: asked })),
      );
      for (let i = 0; i < prepared.length; i += LARGEST_PART) {
        const part = prepared.slice(i, i + LARGEST_PART);
        const answers = await commit(part.map(({ draft }) => draft));
        intakes.push(...part.map(({ toIntake }, j) => toIntake(answers[j] as EnqueueAnswer)));
      }
      return intakes;
    } catch (error) {
      const others = names.slice(intakes.length);
      return [...intakes, ...others.map((name) => failureOf(error, queues.get(name)))];
    }
  };
  return {
    accept,
    acceptAll: async (captured, names, asked = {}) => {
      const [one] = captured;
      return one && captured.length === 1
        ? [await accept(one, names[0] as string, { options: asked })]
        : acceptTogether(captured, names, asked);
    },
  };
}

/** A request on its way in, and what its page hears once the store has answered. */
interface Prepared {
  draft: JobDraft;
  toIntake: (answer: EnqueueAnswer) => Intake;
}

/** What a request wishes for, and where it stands. */
interface Intent {
  wish: Wish;
  base: string;
}

/** A full queue that lets a request through charges it first; where it would have to wait too long it is refused. */
async function letThrough(
  intake: Intake,
  url: string,
  { draft, options: { store, clock, chance } }: { draft: JobDraft; options: IntakeOptions },
): Promise<Intake> {
  if (intake.kind !== 'refused') return intake;
  const {
    queue,
    owner,
    options: { cost },
  } = draft;
  const turn = await store.chargeDirect({ queue, url, cost }, { now: clock.now(), chance });
  return turn ? { kind: 'direct', turn, owner, refusal: intake.refusal } : intake;
}

async function enqueueAndTell(
  drafts: JobDraft[],
  policies: Record<string, QueuePolicy>,
  { store, notify, clock }: IntakeOptions,
): Promise<EnqueueAnswer[]> {
  const answers = await store.enqueue(drafts, policies, clock.now());
  notify.tell(answers.flatMap((answer, i) => eventsOf(answer, (drafts[i] as JobDraft).queue)));
  return answers;
}

function eventsOf(answer: EnqueueAnswer, queue: string): SluiceEvent[] {
  if (answer.kind === 'accepted') return answer.events;
  return [{ type: 'refused', queue, code: answer.kind === 'full' ? 'queue-full' : answer.code }];
}

function intakeOf(answer: EnqueueAnswer, queue: QueueDefinition, { wish, base }: Intent): Intake {
  if (answer.kind === 'accepted') return acceptedAnswer(answer.receipt, queue, { wish, base });
  if (answer.kind === 'refused') return refused(notQueued(answer.code, answer.detail));
  const refusal: Refusal = {
    status: 503,
    code: 'queue-full',
    title: 'The queue is full',
    detail: `Queue '${queue.name}' holds as much as ${answer.limit} allows, ${answer.max}. Try again later, or raise it.`,
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
  if (ASKED_WRONGLY.has(code)) return refused(notQueued(code, detail));
  const refusal = {
    status: 503,
    code,
    title: 'The request could not be stored',
    detail,
    retryAfterSeconds: 30,
  };
  return { kind: 'broken', whenBroken: queue?.whenBroken ?? 'network', refusal };
}

const ASKED_WRONGLY = new Set<ErrorCode>([
  'queue-unknown',
  'function-failed',
  'config-invalid',
  'signed-out',
  'request-unreadable',
]);

function notQueued(code: ErrorCode, detail: string): Refusal {
  return { status: 503, code, title: 'The request could not be queued', detail };
}

function refused(refusal: Refusal): Intake {
  return { kind: 'refused', refusal };
}

function unknownQueue(queue: string, known: readonly string[]): SluiceError {
  const names = known.map((name) => `'${name}'`).join(', ');
  return new SluiceError('queue-unknown', `there is no queue '${queue}'; known are ${names}.`, {
    value: queue,
  });
}
