import type { Identity } from '../core/identity.js';
import type { Captured, Intake, Refusal } from '../core/messages.js';
import { takePreference } from '../core/prefer.js';
import { redirectParts, refusalParts } from '../core/receipt.js';
import { giveBackPlace } from '../drain/give-back-place.js';
import { type PassingBy, passBy } from '../drain/pass-by.js';
import { failureOf } from '../drain/refusals.js';
import { answerInTime } from '../drain/respond.js';
import type { Runtime } from '../drain/runtime.js';
import type { Watch } from '../drain/settled.js';
import { capture } from '../transport/capture.js';
import { send, toResponse } from '../transport/direct.js';
import { requireSendable } from '../transport/rebuild.js';
import type { BrokenPace } from './broken-pace.js';
import { type FirstTries, tryOrStore } from './network-first.js';

export interface Answering extends FirstTries {
  runtime: Runtime;
  brokenPace: BrokenPace;
  watch: Watch;
  /** Called once a request is stored, while its event still lives. */
  onAccepted: (event: Asking) => void;
}

/** As much of a fetch event as its answer needs. */
export interface Asking {
  readonly request: Request;
  waitUntil(work: Promise<unknown>): void;
}

/** Stores what a queue takes, and answers it: by a receipt, or as the queue says. */
export async function answer(event: Asking, queue: string, answering: Answering): Promise<Response> {
  const { runtime, onAccepted } = answering;
  // Now, not once the body has been read: somebody else may be signed in by then.
  const identity = runtime.identity.current();
  identity.catch(() => undefined);
  const askedAt = runtime.clock.now();
  const waitUntil = (work: Promise<unknown>): void => event.waitUntil(work);
  const isForm = event.request.mode === 'navigate';
  const captured = await capture(event.request);
  const unsendable = refusalFor(captured);
  if (unsendable) return toResponse(refusalParts(unsendable));
  const definition = runtime.definition.queues.find(({ name }) => name === queue);
  const intake =
    definition?.mode === 'network-first' && !isForm
      ? await tryOrStore(definition, { captured, identity, runtime, waitUntil }, answering)
      : await runtime.intake.accept(captured, { queue, identity });
  if (intake instanceof Response) return intake;
  if (intake.kind !== 'accepted')
    return passOrRefuse(intake, { captured, isForm, queue, answering, identity, askedAt, waitUntil });
  onAccepted(event);
  const redirectTo = isForm ? definition?.navigations?.redirectTo : undefined;
  if (redirectTo) return toResponse(redirectParts(intake.receipt, new URL(redirectTo, location.href).href));
  return toResponse(await answerInTime({ clock: runtime.clock, watch: answering.watch }, intake));
}

/** A browser can make more requests than a script can make again. */
function refusalFor({ request, body }: Captured): Refusal | undefined {
  try {
    requireSendable({ request, body });
    return undefined;
  } catch (error) {
    return failureOf(error, undefined).refusal;
  }
}

/** The browser takes no answer to a navigation that was redirected, and follows by itself (Fetch, HTTP fetch). */
const NAVIGATION = { mode: 'navigate', redirect: 'manual' } as const;

interface Passing {
  captured: Captured;
  isForm: boolean;
  queue: string;
  answering: Answering;
  /** Who was signed in as it came, and when that was. */
  identity: Promise<Identity>;
  askedAt: number;
  waitUntil: (work: Promise<unknown>) => void;
}

async function passOrRefuse(
  intake: Exclude<Intake, { kind: 'accepted' }>,
  passing: Passing,
): Promise<Response> {
  if (intake.kind === 'unmatched') return Response.error();
  const { isForm, queue, answering, waitUntil } = passing;
  const { captured: bare } = takePreference(passing.captured);
  const captured = { ...bare, request: { ...bare.request, ...(isForm ? NAVIGATION : {}) } };
  if (intake.kind === 'direct') {
    const { runtime } = answering;
    const giveBack: PassingBy['giveBack'] = (pass, ended) => waitUntil(giveBackPlace(runtime, pass, ended));
    return passBy(intake, captured, { ...runtime, giveBack });
  }
  if (intake.kind === 'refused' || intake.whenBroken === 'reject')
    return toResponse(refusalParts(intake.refusal));
  return answering.brokenPace.pass(queue, () => sendWhileTheirs(captured, passing));
}

/** It may have waited for its turn for long, and storage works again: with the cookies of another it must not go. */
async function sendWhileTheirs(
  captured: Captured,
  { answering, identity, askedAt }: Passing,
): Promise<Response> {
  const { runtime } = answering;
  const { fetch } = runtime;
  const owner = (await identity.catch(() => undefined))?.owner;
  const current = await runtime.identity.current().catch(() => undefined);
  const isTheirs = !current || (owner === undefined ? current.since <= askedAt : current.owner === owner);
  if (!isTheirs) return toResponse(refusalParts(SIGNED_OUT));
  const by = owner ?? current?.owner;
  if (by === undefined) return send(captured, fetch);
  return runtime.identity.during(by, (signal) => send(captured, fetch, signal));
}

const SIGNED_OUT = {
  status: 503,
  code: 'signed-out',
  title: 'The request was not sent',
  detail: 'the user changed before its turn came. Ask again.',
};
