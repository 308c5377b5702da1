import type { SluiceDefinition } from '../core/config.js';
import { boundingSend, charge, FRESH_PACE, nextSendAt, type Pace, treatAsFull } from '../core/pace.js';
import type { QueuePolicy } from '../core/policy.js';
import type { Clock } from '../core/ports.js';
import { sleepUntil } from '../transport/sleep-until.js';

/** Keeps rate and `concurrency` while storage is broken: in memory, so only within one life of this context. */
export interface BrokenPace {
  /** Sends when a request of the queue may go to the network. */
  pass<T>(queue: string, send: () => Promise<T>): Promise<T>;
}

interface Known {
  pace: Pace;
  sends: number[];
  epoch: number;
}

/** The places of a queue: how many are taken, and who waits for one. */
interface Places {
  taken: number;
  waiting: (() => void)[];
}

export function createBrokenPace({ queues }: SluiceDefinition, clock: Clock): BrokenPace {
  const paces = new Map<string, Known>();
  const allPlaces = new Map<string, Places>();
  const turn = (queue: string, { rate }: QueuePolicy): Promise<unknown> => {
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
  };
  return {
    pass: async (queue, send) => {
      const policy = queues.find(({ name }) => name === queue)?.policy;
      if (!policy) return send();
      const places = allPlaces.get(queue) ?? { taken: 0, waiting: [] };
      allPlaces.set(queue, places);
      const leave = await takePlace(places, policy.concurrency);
      await turn(queue, policy);
      // A send that never ends must not keep its place: it goes on, as it would without us.
      const callOff = clock.at(clock.now() + policy.timeoutMs, leave);
      return send().finally(() => {
        callOff();
        leave();
      });
    },
  };
}

/** Resolves in turn with the function that gives the place back. */
async function takePlace(places: Places, most: number): Promise<() => void> {
  if (places.taken < most) places.taken += 1;
  else await new Promise<void>((resolve) => places.waiting.push(resolve));
  let isLeft = false;
  return () => {
    if (isLeft) return;
    isLeft = true;
    const next = places.waiting.shift();
    if (next) next();
    else places.taken -= 1;
  };
}
