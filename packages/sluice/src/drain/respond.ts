import type { QueueDefinition } from '../core/config.js';
import { sentenceOf } from '../core/errors.js';
import { heldParts } from '../core/held.js';
import type { Captured, Intake, Receipt } from '../core/messages.js';
import type { Notify } from '../core/ports.js';
import { type Respond, respondTo, takePreference } from '../core/prefer.js';
import { type ReceiptChange, receiptParts, type ResponseParts, statusPath } from '../core/receipt.js';
import type { Database } from '../store/rows.js';
import { capturedFacts } from '../transport/intake-facts.js';
import { settled } from './settled.js';

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
  { captured, respond }: Wish,
): Accepted {
  const link = new URL(statusPath(receipt.ticket), location.href).href;
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
  { database, notify }: { database: Database; notify: Notify },
  { receipt, parts, holdMs }: Accepted,
): Promise<ResponseParts> {
  if (holdMs === 0) return parts;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), holdMs);
  const inTime = settled(database, notify, receipt.ticket, late.signal).catch(() => undefined);
  const outcome = await Promise.race([inTime, aborted(late.signal)]);
  clearTimeout(timer);
  late.abort();
  const held = outcome && heldParts(outcome);
  if (!held) return parts;
  const applied = parts.headers.filter(([name]) => name === 'Preference-Applied');
  return { ...held, headers: [...held.headers, ...applied] };
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
}
