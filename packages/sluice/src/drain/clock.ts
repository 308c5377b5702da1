import type { Clock } from '../core/ports.js';

/** Wall and monotonic time further apart than this: somebody set the clock, or the machine slept. */
const APART_MS = 1000;

/** Delays above 2^31 - 1 ms fire at once, and a machine that slept should notice soon: no timer is longer than this. */
const LONGEST_TIMER_MS = 60_000;

/** Epoch time that does not jump: the wall clock read once, carried on by the monotonic one. */
export function createClock(): Clock {
  let anchorAt = Date.now() - performance.now();
  let epoch = 0;
  const now = (): number => anchorAt + performance.now();
  return {
    now,
    epoch: () => {
      if (Math.abs(Date.now() - now()) > APART_MS) {
        anchorAt = Date.now() - performance.now();
        epoch += 1;
      }
      return epoch;
    },
    at: (at, callback) => {
      let timer: ReturnType<typeof setTimeout>;
      const arm = (): void => {
        timer = setTimeout(fire, Math.min(Math.max(Math.ceil(at - now()), 0), LONGEST_TIMER_MS));
      };
      const fire = (): void => (now() >= at ? callback() : arm());
      arm();
      return () => clearTimeout(timer);
    },
  };
}
