import type { Clock } from '../core/ports.js';

/** Wall and monotonic time further apart than this: somebody set the clock, or the machine slept. */
const APART_MS = 1000;

/** Delays above 2^31 - 1 ms fire at once, and a machine that slept should notice soon: no timer is longer than this. */
const LONGEST_TIMER_MS = 60_000;

/**
 * Epoch time that does not jump: the wall clock read once, carried on by the monotonic one, which stands still while the
 * machine sleeps (High Resolution Time, section 6; Chromium and Firefox on Linux and macOS). Where they have come apart the wall
 * is right.
 */
export function createClock(): Clock {
  let anchorAt = Date.now() - performance.now();
  let epoch = 0;
  const now = (): number => {
    const at = anchorAt + performance.now();
    if (Math.abs(Date.now() - at) <= APART_MS) return at;
    anchorAt = Date.now() - performance.now();
    epoch += 1;
    return anchorAt + performance.now();
  };
  return {
    now,
    epoch: () => {
      now();
      return epoch;
    },
    at: (at, callback) => {
      // Whatever is waited for has also come once so long has passed: a clock that is set back must hold nothing up.
      const passedAt = performance.now() + at - now();
      let timer: ReturnType<typeof setTimeout>;
      const leftMs = (): number => Math.min(at - now(), passedAt - performance.now());
      const arm = (): void => {
        timer = setTimeout(fire, Math.min(Math.max(Math.ceil(leftMs()), 0), LONGEST_TIMER_MS));
      };
      const fire = (): void => (leftMs() <= 0 ? callback() : arm());
      arm();
      return () => clearTimeout(timer);
    },
  };
}
