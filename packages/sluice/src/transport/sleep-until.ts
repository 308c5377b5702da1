import type { Clock } from '../core/ports.js';

/** Whoever stops what sleeps need not wait for its instant. */
export async function sleepUntil(clock: Clock, at: number, signal?: AbortSignal): Promise<undefined> {
  if (at <= clock.now() || signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const callOff = clock.at(at, resolve);
    const wake = (): void => {
      callOff();
      resolve();
    };
    signal?.addEventListener('abort', wake, { once: true });
  });
}
