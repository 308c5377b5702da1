import type { CancelReason, DeadReason, Ticket } from './job.js';

/**
 * What happened, told after it was committed. Broadcast as a hint: IndexedDB stays the only truth. It may be heard long after,
 * so that what is counted by time carries its instant, `at`, in epoch ms.
 */
export type SluiceEvent =
  | { type: 'accepted'; queue: string; ticket: Ticket; at: number }
  /** Given the ticket of a job that is the same thing. */
  | { type: 'deduplicated'; queue: string; ticket: Ticket }
  | { type: 'refused'; queue: string; code: string }
  /**
   * `at`: what its send was charged for, which may lie ahead. `traceparent`: of its request, where that has one and it stands in
   * clear.
   */
  | { type: 'attempt'; queue: string; ticket: Ticket; attempt: number; at: number; traceparent?: string }
  /** Settled, and back in its place: the service asks for quiet or a sign-in, or it was not sent, or stopped, or its engine is gone. */
  | { type: 'returned'; queue: string; ticket: Ticket; detail: string }
  | { type: 'nacked'; queue: string; ticket: Ticket; dueAt: number; detail: string }
  | { type: 'done'; queue: string; ticket: Ticket; status: number }
  | { type: 'dead'; queue: string; ticket: Ticket; reason: DeadReason; detail: string }
  | { type: 'cancelled'; queue: string; ticket: Ticket; reason: CancelReason }
  /** The cancellation of a leased job was asked for: its engine looks at the row and stops the send. */
  | { type: 'aborting'; queue: string; ticket: Ticket }
  | { type: 'edited'; queue: string; ticket: Ticket }
  | { type: 'held'; queue: string; ticket: Ticket }
  | { type: 'released'; queue: string; ticket: Ticket }
  | { type: 'redriven'; queue: string; ticket: Ticket }
  | { type: 'frozen'; queue: string; until: number }
  | { type: 'probing'; queue: string; until: number }
  /** An origin answers, and the browser keeps its answers back: `detail` names the headers that it has to send. */
  | { type: 'blocked'; queue: string; detail: string }
  | { type: 'sign-in'; queue: string }
  | { type: 'paused'; queue: string }
  | { type: 'policy-changed'; queue: string }
  | { type: 'resumed'; queue: string }
  | { type: 'nudged'; queue: string | undefined }
  /** A send that went past the queue has ended, and its place among those in flight is free. */
  | { type: 'passed'; queue: string }
  /** Whose jobs are sent may be another from now on, or a user was forgotten: each context reads it anew. */
  | { type: 'identified' }
  /** The browser refused to wake us with no page open: a normal, reported state. */
  | { type: 'wake-refused'; detail: string }
  /** The browser will wake us with no page open, once there is a network. */
  | { type: 'wake-ready' }
  /** The browser has woken the service worker to drain, with no page open. */
  | { type: 'wake'; isLastChance: boolean }
  | { type: 'leading'; host: 'worker' | 'service-worker' }
  /** Jobs that were stored have vanished: cleared by the user or the browser. */
  | { type: 'lost'; depth: number }
  | { type: 'storage-failed'; detail: string };

export type EventType = SluiceEvent['type'];
export type EventOf<T extends EventType> = Extract<SluiceEvent, { type: T }>;
