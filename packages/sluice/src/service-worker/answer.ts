import type { QueueDefinition } from '../core/config.js';
import type { Identity, Owner } from '../core/identity.js';
import type { Captured, Intake } from '../core/messages.js';
import { redirectParts, refusalParts } from '../core/receipt.js';
import { answerInTime } from '../drain/respond.js';
import type { Runtime } from '../drain/runtime.js';
import type { Watch } from '../drain/settled.js';
import { capture } from '../transport/capture.js';
import { direct, toResponse } from '../transport/direct.js';
import { capturedFacts } from '../transport/intake-facts.js';
import { rebuild } from '../transport/rebuild.js';
import type { BrokenPace } from './broken-pace.js';
import { tryFirst } from './first-try.js';
import type { KeyTurns } from './key-turns.js';

export interface Answering {
  runtime: Runtime;
  brokenPace: BrokenPace;
  watch: Watch;
  turns: KeyTurns;
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
  const definition = runtime.definition.queues.find(({ name }) => name === queue);
  const intake =
    definition?.mode === 'network-first' && !isForm
      ? await tryOrStore(definition, { captured, identity, answering })
      : await runtime.intake.accept(captured, queue, { identity });
  if (intake instanceof Response) return intake;
  if (intake.kind !== 'accepted') return passOrRefuse(intake, { captured, queue, answering });
  onAccepted(event);
  const redirectTo = isForm ? definition?.navigations?.redirectTo : undefined;
  if (redirectTo) return toResponse(redirectParts(intake.receipt, new URL(redirectTo, location.href).href));
  return toResponse(await answerInTime({ clock: runtime.clock, watch: answering.watch }, intake));
}

function tryOrStore(
  queue: QueueDefinition,
  { captured, identity, answering: { runtime, turns } }: Trying,
): Promise<Response | Intake> {
  return turns.pass(orderingKeyOf(queue, captured), async () => {
    const first = await tryFirst(runtime, queue, { captured, identity });
    if (first.kind === 'answered') return first.response;
    return runtime.intake.accept(captured, queue.name, { identity, tried: first.tried });
  });
}

interface Trying {
  captured: Captured;
  identity: Promise<Identity>;
  answering: Answering;
}

/** A function that throws is reported where the request is stored. */
function orderingKeyOf({ name, optionFunctions }: QueueDefinition, captured: Captured): string | undefined {
  try {
    const key = optionFunctions.orderingKey?.(capturedFacts(captured));
    return key === undefined ? undefined : `${name} ${key}`;
  } catch {
    return undefined;
  }
}

async function passOrRefuse(
  intake: Exclude<Intake, { kind: 'accepted' }>,
  { captured, queue, answering }: { captured: Captured; queue: string; answering: Answering },
): Promise<Response> {
  if (intake.kind === 'unmatched') return Response.error();
  if (intake.kind === 'direct') {
    const { identity } = answering.runtime;
    const currentOwner = async (): Promise<Owner> => (await identity.current()).owner;
    return direct(intake, captured, { ...answering.runtime, currentOwner });
  }
  if (intake.kind === 'refused' || intake.whenBroken === 'reject')
    return toResponse(refusalParts(intake.refusal));
  await answering.brokenPace.turn(queue);
  return answering.runtime.fetch(rebuild(captured.request, captured.body), {});
}
