import type { Clock } from '../core/ports.js';
import { sleepUntil } from '../transport/sleep-until.js';

/** A body that does not come to its end must not keep anybody from signing out. */
const BARRIER_MS = 5000;

/** Something that the page has asked for, and that has no answer yet. */
export interface Ask {
  /** Epoch ms. */
  at: number;
  /** Somebody else may be signed in since it began: it must not be handed over any more. */
  isLate: boolean;
  /** Aborts as it becomes late. */
  late: AbortSignal;
}

export interface Asks {
  run<T>(work: (ask: Ask) => Promise<T>): Promise<T>;
  /** Resolves once all that was asked before has its answer, or is late. */
  whenOver(): Promise<void>;
}

/** What a page asks for belongs to whoever was signed in as it began, and its owner is not known before it is handed over. */
export function createAsks(clock: Clock): Asks {
  const underWay = new Map<Ask, { answer: Promise<unknown>; late: AbortController }>();
  return {
    run: (work) => {
      const late = new AbortController();
      const ask: Ask = { at: clock.now(), isLate: false, late: late.signal };
      const answer = work(ask).finally(() => underWay.delete(ask));
      underWay.set(ask, { answer, late });
      return answer;
    },
    whenOver: async () => {
      const before = [...underWay];
      const over = new AbortController();
      const answered = Promise.allSettled(before.map(([, { answer }]) => answer));
      await Promise.race([answered, sleepUntil(clock, clock.now() + BARRIER_MS, over.signal)]);
      over.abort();
      for (const [ask, { late }] of before) {
        ask.isLate = true;
        late.abort();
      }
    },
  };
}
