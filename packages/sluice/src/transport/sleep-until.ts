import { MAX_AHEAD_MS } from '../core/pace.js';
import type { Clock } from '../core/ports.js';

/** Whoever stops what sleeps need not wait for its instant. */
export async function sleepUntil(clock: Clock, at: number, signal?: AbortSignal): Promise<undefined> {
  if (at <= clock.now() || signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const wake = (): void => {
      callOff();
      // It may be that of a whole page.
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const callOff = clock.at(at, wake);
    signal?.addEventListener('abort', wake);
  });
}

/** Waits for the instant that a send was charged for, and no longer than any is put off: the clock may have been set back. */
export function sleepUntilSend(clock: Clock, at: number, signal?: AbortSignal): Promise<undefined> {
  return sleepUntil(clock, Math.min(at, clock.now() + MAX_AHEAD_MS), signal);
}
