import type { Platform } from './platform.js';

/** Whether an instant has come in time. */
export type Waited = 'now' | 'late' | 'aborted';

const SET_BACK_MS = 100;

/** Waits for an instant of a clock. A timer may fire early or late: the clock is asked again. One that was set back makes it late. */
export async function waitUntil(
  at: number,
  marginMs: number,
  { platform, clock, signal }: { platform: Platform; clock: () => number; signal?: () => AbortSignal },
): Promise<Waited> {
  let before = at - clock();
  for (let left = before; left > 0; left = at - clock()) {
    if (left > before + SET_BACK_MS) return 'late';
    before = left;
    await pause(platform, left, signal?.());
    if (signal?.().aborted) return 'aborted';
  }
  return clock() - at > marginMs ? 'late' : 'now';
}

function pause(platform: Platform, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const cancel = platform.after(Math.max(ms, 0), end);
    signal?.addEventListener('abort', end);
  });
}
