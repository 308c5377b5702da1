import type { SluiceDefinition } from '../core/config.js';
import { boundingSend, charge, FRESH_PACE, nextSendAt, type Pace } from '../core/pace.js';
import type { Clock } from '../core/ports.js';
import { sleepUntil } from '../transport/sleep-until.js';

/** Keeps the rate while storage is broken: in memory, so only within one life of this context. */
export interface BrokenPace {
  /** Resolves when a request of the queue may go to the network. */
  turn(queue: string): Promise<void>;
}

export function createBrokenPace({ queues }: SluiceDefinition, clock: Clock): BrokenPace {
  const paces = new Map<string, { pace: Pace; sends: number[] }>();
  return {
    turn: (queue) => {
      const rate = queues.find(({ name }) => name === queue)?.policy.rate ?? null;
      const state = paces.get(queue) ?? { pace: FRESH_PACE, sends: [] };
      const bound = boundingSend(state.pace, rate);
      const boundAt = bound === undefined ? undefined : state.sends[bound % (rate?.limit ?? 1)];
      const at = nextSendAt(state.pace, rate, { boundAt, now: clock.now() });
      if (rate) state.sends[state.pace.n % rate.limit] = at;
      state.pace = charge(state.pace, rate, { at });
      paces.set(queue, state);
      return sleepUntil(clock, at);
    },
  };
}
