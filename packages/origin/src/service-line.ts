import { admit, idle, nextSlotAt, repace, serveDue } from './capacity.js';
import { now } from './clock.js';

/** The line of requests in front of the service: the capacity's arithmetic, with a timer. */
export interface ServiceLine {
  /** Resolves with true at the request's slot, with false if the line is emptied before. Undefined: the line is full. */
  enter(queueLimit: number): Promise<boolean> | undefined;
  readonly waiting: number;
  setRate(ratePerSecond: number): void;
  /** Sends everybody away unserved. */
  empty(): void;
}

// Node fires a longer timer at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function createServiceLine(ratePerSecond: number): ServiceLine {
  let capacity = idle(ratePerSecond);
  let line: ((served: boolean) => void)[] = [];
  let timer: NodeJS.Timeout | undefined;

  const serve = (): void => {
    const due = serveDue(capacity, now());
    capacity = due.capacity;
    for (const resolve of line.splice(0, due.served)) resolve(true);
    clearTimeout(timer);
    if (line.length > 0) timer = setTimeout(serve, Math.min(nextSlotAt(capacity) - now(), LONGEST_TIMER_MS));
  };

  return {
    enter: (queueLimit) => {
      serve();
      const admitted = admit(capacity, { now: now(), queueLimit });
      capacity = admitted.capacity;
      if (admitted.admission === 'refuse') return undefined;
      if (admitted.admission === 'serve') return Promise.resolve(true);
      return new Promise((resolve) => {
        line.push(resolve);
        serve();
      });
    },
    get waiting() {
      return line.length;
    },
    setRate: (rate) => {
      capacity = repace(capacity, rate, now());
      serve();
    },
    empty: () => {
      capacity = { ...capacity, waiting: 0 };
      const left = line;
      line = [];
      clearTimeout(timer);
      for (const resolve of left) resolve(false);
    },
  };
}
