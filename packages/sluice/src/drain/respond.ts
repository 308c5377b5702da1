import type { QueueDefinition } from '../core/config.js';
import { sentenceOf } from '../core/errors.js';
import { heldParts } from '../core/held.js';
import type { Captured, Intake, Receipt } from '../core/messages.js';
import { type Respond, respondTo, takePreference } from '../core/prefer.js';
import { NETWORK_ERROR, receiptParts, type ResponseParts, statusPath } from '../core/receipt.js';
import { capturedFacts } from '../transport/intake-facts.js';
import { sleepUntil } from '../transport/sleep-until.js';
import type { Watch } from './settled.js';
import type { World } from './world.js';

type Accepted = Extract<Intake, { kind: 'accepted' }>;

/** How a request wishes to be answered, and the request without that wish. */
export interface Wish {
  captured: Captured;
  respond: Respond;
}

export function readWish(asked: Captured, queue: QueueDefinition): Wish {
  const { preference, captured } = takePreference(asked);
  return { captured, respond: respondTo(queue, preference, captured.request.mode) };
}

export function acceptedAnswer(
  receipt: Receipt,
  queue: QueueDefinition,
  { wish: { captured, respond }, base }: { wish: Wish; base: string },
): Accepted {
  const link = new URL(statusPath(receipt.ticket), base).href;
  const told = { applied: respond.applied, link };
  const parts = ownParts(receipt, queue, { captured, told }) ?? receiptParts(receipt, told);
  const rejects = queue.whenUndelivered === 'reject';
  return { kind: 'accepted', receipt, parts, holdMs: respond.holdMs, rejects };
}

/** As the queue makes it. The request is stored: where that fails, the receipt is ours, and the page hears of it. */
function ownParts(
  receipt: Receipt,
  { name, receipt: make }: QueueDefinition,
  { captured, told }: { captured: Captured; told: { applied: string | undefined; link: string } },
): ResponseParts | undefined {
  if (!make) return undefined;
  try {
    const parts = receiptParts(receipt, { ...told, change: make({ ...receipt }, capturedFacts(captured)) });
    // Fails here for what no response can have, and not where it is answered.
    Reflect.construct(Response, [null, parts]);
    return parts;
  } catch (error) {
    console.error(`[sluice] function-failed: the receipt of queue '${name}': ${sentenceOf(error)}`);
    return undefined;
  }
}

/** The service's own answer if it comes in time, or else the receipt. */
export async function answerInTime(
  { clock, watch }: Pick<World, 'clock'> & { watch: Watch },
  { receipt, parts, holdMs, rejects }: Accepted,
): Promise<ResponseParts> {
  if (holdMs === 0) return parts;
  const over = new AbortController();
  const inTime = watch.settled(receipt.ticket, over.signal).catch(() => undefined);
  const outcome = await Promise.race([inTime, sleepUntil(clock, clock.now() + holdMs, over.signal)]);
  over.abort();
  const held = outcome && heldParts(outcome);
  if (!held) return parts;
  if (held.kind === 'undelivered' && rejects) return { ...held.parts, status: NETWORK_ERROR };
  const applied = parts.headers.filter(([name]) => name === 'Preference-Applied');
  return { ...held.parts, headers: [...held.parts.headers, ...applied] };
}
