import type { Hint } from './flow/hints.js';
import type { Answer, Ticket } from './job.js';
import type { VerdictWord } from './verdict-table.js';

/** What came of one attempt to send a job. */
export type AttemptEnd =
  | {
      kind: 'answer';
      answer: Answer;
      /** What the service told of its limits, as far as it could be read. */
      hint?: Hint;
      /** The word of the queue's `expect`: goes before any table. */
      judged?: { word: VerdictWord; detail: string };
      /** Of a write that was redirected: whether the answer came from its own origin or from another. */
      led?: 'within' | 'away';
      /** The service said that a request with this Idempotency-Key is still running. */
      keyOutstanding: boolean;
    }
  /** An answer that the browser hides: opaque, or a redirect that was not to be followed. */
  | { kind: 'hidden'; type: string }
  | { kind: 'network-error'; detail: string }
  /** The browser kept the answer back, or had none to give: for want of CORS headers, or as the request itself asks. */
  | { kind: 'blocked'; by: 'cors' | 'redirect' | 'integrity' | 'cache'; detail: string }
  | { kind: 'timeout' }
  /** Never left: too late for its instant, its lease lost, its engine stopped, or the limit of `origin` not charged. */
  | { kind: 'unsent'; why: 'late' | 'lease-lost' | 'stopped' | 'uncharged'; origin?: string }
  /** Stopped in mid-send, because its cancellation was asked for or its engine lets go. It may have arrived. */
  | { kind: 'aborted' }
  /** `prepare` asked to wait until the user has signed in. */
  | { kind: 'sign-in' }
  | { kind: 'prepare-failed'; detail: string }
  | { kind: 'combine-failed'; detail: string }
  /** A batch was answered, and the answer could not be taken apart. */
  | { kind: 'split-failed'; detail: string }
  /** The stored row no longer makes a request. */
  | { kind: 'unreadable'; detail: string };

/** What came of one request, or, where they differ, of it and of each of its jobs. */
export type DispatchEnd = AttemptEnd | { kind: 'parts'; whole: AttemptEnd; parts: AttemptEnd[] };

/** One lease that comes to its end. */
export interface Settlement {
  seq: number;
  /** Once storage was cleared another job may have the number. */
  ticket: Ticket;
  leaseId: string;
  end: AttemptEnd;
  /** The number and the charged instant of its send. */
  n: number;
  sentAt: number;
  endedAt: number;
  /** As of its claim. */
  credentials: number;
  /** In a batch: how many jobs it had, which of them this is, and what came of the request as a whole. */
  batch?: { size: number; index: number; whole: AttemptEnd };
}
