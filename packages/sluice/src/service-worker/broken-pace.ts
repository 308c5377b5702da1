import type { SluiceDefinition } from '../core/config.js';
import { boundingSend, charge, FRESH_PACE, nextSendAt, type Pace, treatAsFull } from '../core/pace.js';
import type { Clock } from '../core/ports.js';
import { sleepUntil } from '../transport/sleep-until.js';

/** Keeps the rate while storage is broken: in memory, so only within one life of this context. */
export interface BrokenPace {
  /** Resolves when a request of the queue may go to the network. */
  turn(queue: string): Promise<void>;
}

export function createBrokenPace({ queues }: SluiceDefinition, clock: Clock): BrokenPace {
  const paces = new Map<string, { pace: Pace; sends: number[]; epoch: number }>();
  return {
    turn: (queue) => {
      const rate = queues.find(({ name }) => name === queue)?.policy.rate ?? null;
      const [now, epoch] = [clock.now(), clock.epoch()];
      const known = paces.get(queue);
      const { sends } = known ?? { sends: [] };
      const standing = known?.pace ?? FRESH_PACE;
      const pace = known && known.epoch !== epoch ? treatAsFull(standing, rate, now) : standing;
      const bound = boundingSend(pace, rate);
      const boundAt = bound === undefined ? undefined : sends[bound % (rate?.limit ?? 1)];
      const at = nextSendAt(pace, rate, { boundAt, now });
      if (rate) sends[pace.n % rate.limit] = at;
      paces.set(queue, { pace: charge(pace, rate, { at }), sends, epoch });
      return sleepUntil(clock, at);
    },
  };
}
