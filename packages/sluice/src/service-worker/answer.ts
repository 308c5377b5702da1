import type { Owner } from '../core/identity.js';
import type { Captured, Intake, Refusal } from '../core/messages.js';
import { takePreference } from '../core/prefer.js';
import { redirectParts, refusalParts } from '../core/receipt.js';
import { failureOf } from '../drain/refusals.js';
import { answerInTime } from '../drain/respond.js';
import type { Runtime } from '../drain/runtime.js';
import type { Watch } from '../drain/settled.js';
import { capture } from '../transport/capture.js';
import { direct, toResponse } from '../transport/direct.js';
import { rebuild, requireSendable } from '../transport/rebuild.js';
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
  const isForm = event.request.mode === 'navigate';
  const captured = await capture(event.request);
  const unsendable = refusalFor(captured);
  if (unsendable) return toResponse(refusalParts(unsendable));
  const definition = runtime.definition.queues.find(({ name }) => name === queue);
  const intake =
    definition?.mode === 'network-first' && !isForm
      ? await tryOrStore(definition, { captured, identity, runtime }, answering)
      : await runtime.intake.accept(captured, { queue, identity });
  if (intake instanceof Response) return intake;
  if (intake.kind !== 'accepted') return passOrRefuse(intake, { captured, isForm, queue, answering });
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
}

async function passOrRefuse(
  intake: Exclude<Intake, { kind: 'accepted' }>,
  { captured, isForm, queue, answering }: Passing,
): Promise<Response> {
  if (intake.kind === 'unmatched') return Response.error();
  const { captured: bare } = takePreference(captured);
  const request = { ...bare.request, ...(isForm ? NAVIGATION : {}) };
  if (intake.kind === 'direct') {
    const { identity } = answering.runtime;
    const currentOwner = async (): Promise<Owner> => (await identity.current()).owner;
    return direct(intake, { ...captured, request }, { ...answering.runtime, currentOwner });
  }
  if (intake.kind === 'refused' || intake.whenBroken === 'reject')
    return toResponse(refusalParts(intake.refusal));
  await answering.brokenPace.turn(queue);
  return answering.runtime.fetch(rebuild(request, captured.body), {});
}
