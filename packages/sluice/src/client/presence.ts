/**
 * Resolves once `ms` have passed, or as soon as the page is shown or comes online: the time to look again at something that is not as
 * it should be. At once when `signal` aborts. `navigator.onLine` is not asked: it is false on machines that reach the app all the same.
 */
export function whenDue(ms: number, signal: AbortSignal): Promise<void> {
  const life = new AbortController();
  return new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    const end = (): void => resolve();
    life.signal.addEventListener('abort', () => clearTimeout(timer));
    addEventListener('online', end, life);
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.visibilityState === 'visible') resolve();
      },
      life,
    );
    signal.addEventListener('abort', end, life);
    if (signal.aborted) resolve();
  }).finally(() => life.abort());
}

export type Due = typeof whenDue;

const FIRST_MS = 1000;
const LONGEST_MS = 300_000;

/** How long to wait after so many failures in a row, at least one. */
export function pauseAfter(failures: number): number {
  return Math.min(FIRST_MS * 2 ** (failures - 1), LONGEST_MS);
}

/** Calls `attempt` until it answers true, at growing intervals. */
export async function keepTrying(
  attempt: () => Promise<boolean>,
  { due, signal }: { due: Due; signal: AbortSignal },
): Promise<void> {
  for (let failures = 1; !signal.aborted && !(await attempt()); failures += 1)
    await due(pauseAfter(failures), signal);
}

/**
 * Resolves once the user sees the page. Before that, while it is prerendered, the browser holds back service workers and workers, and
 * answers nothing.
 */
export async function whenActivated(): Promise<void> {
  const { prerendering } = document as Document & { prerendering?: boolean };
  if (prerendering)
    await new Promise((resolve) => document.addEventListener('prerenderingchange', resolve, { once: true }));
}
