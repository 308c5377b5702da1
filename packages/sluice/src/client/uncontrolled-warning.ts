import type { Ask } from './ask.js';
import type { Snapshots } from './snapshots.js';

declare const process: { env: { NODE_ENV?: string } };

/**
 * In development, warns of plain requests that a rule names but that pass by, because the page is not controlled. Bundlers
 * replace `process.env.NODE_ENV`, and with it drop this from a production build.
 */
export function warnOfUncontrolled(ask: Ask, snapshots: Snapshots, closing: AbortSignal): void {
  try {
    if (process.env.NODE_ENV !== 'production') watch(ask, snapshots, closing);
  } catch {
    // Where no bundler has replaced it, there is no `process`, and no developer to warn.
  }
}

function watch(ask: Ask, snapshots: Snapshots, closing: AbortSignal): void {
  const warned = new Set<string>();
  const look = async (url: string): Promise<void> => {
    if (warned.has(url)) return;
    warned.add(url);
    const queue = await ask('queueOf', url).catch(() => undefined);
    if (queue !== undefined) console.warn(sentence(url, queue as string));
  };
  // The page knows no rules and patches no fetch: what the browser recorded is enough.
  const observer = new PerformanceObserver((list) => {
    if (snapshots.current.controlled) return;
    for (const entry of list.getEntries() as PerformanceResourceTiming[]) {
      if (SENDERS.has(entry.initiatorType)) void look(entry.name.replace(/#.*/, ''));
    }
  });
  observer.observe({ type: 'resource', buffered: true });
  closing.addEventListener('abort', () => observer.disconnect());
}

const SENDERS = new Set(['fetch', 'xmlhttprequest', 'beacon']);

function sentence(url: string, queue: string): string {
  return (
    `[sluice] not-controlled: a request to ${url} went past queue '${queue}', because this page is not controlled ` +
    '(first visit before connect(), or a hard reload). Await connect() first, or use sluice.fetch.'
  );
}
