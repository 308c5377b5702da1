import type { Behaviour } from './behaviour.js';
import { now } from './clock.js';
import { createServiceLine } from './service-line.js';
import { type Usage, usageOf, windowOfRate } from './window.js';

/** Who is let in: the window first, then the line for the capacity. */
interface Intake {
  /** A place (true at its slot, false if sent away before), or the status that refuses one. */
  enter(behaviour: Behaviour): Promise<boolean> | 429 | 503;
  /** What is left of the limit in force, if there is one. */
  usage(behaviour: Behaviour): Usage | undefined;
  readonly waiting: number;
  setRate(ratePerSecond: number): void;
  sendAllAway(): void;
}

export function createIntake(ratePerSecond: number): Intake {
  const line = createServiceLine(ratePerSecond);
  let enteredAt: number[] = [];

  const usage = (behaviour: Behaviour): Usage | undefined => {
    const limit = behaviour.window ?? windowOfRate(behaviour.ratePerSecond);
    return limit && usageOf(limit, enteredAt, now());
  };

  return {
    enter: (behaviour) => {
      const used = usage(behaviour);
      if (behaviour.window && used?.remaining === 0) return 429;
      const place = line.enter(behaviour.queueLimit);
      if (!place) return behaviour.overload.status;
      const at = now();
      enteredAt = used ? [...enteredAt.filter((entered) => entered > at - used.perMs), at] : [];
      return place;
    },
    usage,
    get waiting() {
      return line.waiting;
    },
    setRate: (rate) => line.setRate(rate),
    sendAllAway: () => line.empty(),
  };
}
