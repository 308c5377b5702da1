import { withoutFragment } from '../transport/replay.js';
import type { Snapshots } from './snapshots.js';
import type { WorkerLink } from './worker-link.js';

declare const process: { env: { NODE_ENV?: string } };

/**
 * In development, warns of plain requests that a rule names but that pass by, because the page is not controlled. Bundlers
 * replace `process.env.NODE_ENV`, and with it drop this from a production build.
 *
 * @returns stops watching
 */
export function warnOfUncontrolled(link: WorkerLink, snapshots: Snapshots): () => void {
  try {
    if (process.env.NODE_ENV !== 'production') return watch(link, snapshots);
  } catch {
    // Where nobody has replaced it, there is no `process`, and no developer to warn.
  }
  return () => undefined;
}

function watch(link: WorkerLink, snapshots: Snapshots): () => void {
  const warned = new Set<string>();
  const look = async (url: string): Promise<void> => {
    if (warned.has(url)) return;
    warned.add(url);
    const queue = await link.current?.remote.queueOf(url).catch(() => undefined);
    if (queue !== undefined) console.warn(sentence(url, queue));
  };
  // The page knows no rules and patches no fetch: what the browser recorded is enough.
  const observer = new PerformanceObserver((list) => {
    if (snapshots.current.controlled) return;
    for (const entry of list.getEntries() as PerformanceResourceTiming[]) {
      if (SENDERS.has(entry.initiatorType)) void look(withoutFragment(entry.name));
    }
  });
  observer.observe({ type: 'resource', buffered: true });
  return () => observer.disconnect();
}

const SENDERS = new Set(['fetch', 'xmlhttprequest', 'beacon']);

function sentence(url: string, queue: string): string {
  return (
    `[sluice] not-controlled: a request to ${url} went past queue '${queue}', because this page is not controlled ` +
    '(first visit before connect(), or a hard reload). Await connect() first, or use sluice.fetch.'
  );
}
