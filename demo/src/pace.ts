/** The pace that the user asked for; kept over reloads, since the script is known by its whole URL. */
export interface Pace {
  limit: number;
  concurrency: number;
}

const KEY = 'demo:pace';

export function readPace(): Pace {
  const stored = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Pace | null;
  return stored ?? { limit: 5, concurrency: 2 };
}

export function scriptUrl({ limit, concurrency }: Pace = readPace()): string {
  return `/sluice.js?limit=${limit}&concurrency=${concurrency}`;
}

/** A new config comes with a new service worker: it takes over by itself, and the engine goes on under the new policy. */
export async function applyPace(pace: Pace): Promise<void> {
  localStorage.setItem(KEY, JSON.stringify(pace));
  await navigator.serviceWorker.register(scriptUrl(pace), { type: 'module' });
}
