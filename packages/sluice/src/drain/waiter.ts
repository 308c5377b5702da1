import type { Clock } from '../core/ports.js';

/** Waits until an instant or a call to `wake`, whichever comes first. A wake that comes early is remembered. */
export interface Waiter {
  until(at: number | undefined): Promise<void>;
  wake(): void;
}

export function createWaiter(clock: Clock): Waiter {
  let isWoken = false;
  let resume: (() => void) | undefined;
  const wake = (): void => {
    isWoken = true;
    resume?.();
  };
  return {
    wake,
    until: async (at) => {
      const callOff = at === undefined || isWoken ? undefined : clock.at(at, wake);
      if (!isWoken) await new Promise<void>((resolve) => (resume = resolve));
      callOff?.();
      resume = undefined;
      isWoken = false;
    },
  };
}
