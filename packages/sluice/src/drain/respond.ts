import type { QueueDefinition } from '../core/config.js';
import { sentenceOf } from '../core/errors.js';
import { heldParts } from '../core/held.js';
import type { Captured, Intake, Receipt } from '../core/messages.js';
import { type Respond, respondTo, takePreference } from '../core/prefer.js';
import { type ReceiptChange, receiptParts, type ResponseParts, statusPath } from '../core/receipt.js';
import { capturedFacts } from '../transport/intake-facts.js';
import type { Watch } from './settled.js';
import type { World } from './world.js';

type Accepted = Extract<Intake, { kind: 'accepted' }>;

/** How a request wishes to be answered, and the request without that wish. */
export interface Wish {
  captured: Captured;
  respond: Respond;
}

export function readWish(captured: Captured, queue: QueueDefinition): Wish {
  const { preference, headers } = takePreference(captured.request.headers);
  const respond = respondTo(queue, preference, captured.request.mode);
  return { captured: { ...captured, request: { ...captured.request, headers } }, respond };
}

export function acceptedAnswer(
  receipt: Receipt,
  queue: QueueDefinition,
  { wish: { captured, respond }, base }: { wish: Wish; base: string },
): Accepted {
  const link = new URL(statusPath(receipt.ticket), base).href;
  const change = changeOf(receipt, queue, captured);
  const parts = receiptParts(receipt, { change, applied: respond.applied, link });
  return { kind: 'accepted', receipt, parts, holdMs: respond.holdMs };
}

/** The request is stored: a receipt that cannot be made another way is our own. */
function changeOf(
  receipt: Receipt,
  { name, receipt: make }: QueueDefinition,
  captured: Captured,
): ReceiptChange {
  if (!make) return {};
  try {
    return make(receipt, capturedFacts(captured));
  } catch (error) {
    console.error(
      `[sluice] function-failed: the receipt function of queue '${name}' threw ${sentenceOf(error)}`,
    );
    return {};
  }
}

/** The service's own answer if it comes in time, or else the receipt. */
export async function answerInTime(
  { clock, watch }: Pick<World, 'clock'> & { watch: Watch },
  { receipt, parts, holdMs }: Accepted,
): Promise<ResponseParts> {
  if (holdMs === 0) return parts;
  const late = new AbortController();
  const callOff = clock.at(clock.now() + holdMs, () => late.abort());
  const inTime = watch.settled(receipt.ticket, late.signal).catch(() => undefined);
  const outcome = await Promise.race([inTime, aborted(late.signal)]);
  callOff();
  late.abort();
  const held = outcome && heldParts(outcome);
  if (!held) return parts;
  const applied = parts.headers.filter(([name]) => name === 'Preference-Applied');
  return { ...held, headers: [...held.headers, ...applied] };
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
}
