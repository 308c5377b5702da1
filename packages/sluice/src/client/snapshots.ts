import type { ErrorCode } from '../core/errors.js';
import { isolated } from '../core/isolated.js';
import type { News, PlainError } from '../core/messages.js';
import type { Snapshot } from './sluice.js';

/** What may keep a page from more, the first of them first. */
const SOURCES = ['control', 'worker', 'storage', 'queue'] as const;

type Source = (typeof SOURCES)[number];

type Problem = (Pick<PlainError, 'message'> & { code?: ErrorCode }) | null | undefined;

/** The snapshot of a page: what it knows of its surroundings, and what its host tells. */
export interface Snapshots {
  readonly current: Snapshot;
  /** Whether anything is told of a change. */
  readonly isWatched: boolean;
  subscribe(callback: () => void): () => void;
  /** @param isOurs the service worker of this page is ours, whether it controls this page or not */
  setControl(controlled: boolean, isOurs: boolean, problem: Problem): void;
  /** Stays until it is taken back. */
  setProblem(source: Source, problem: Problem): void;
  /** What the host says has changed. */
  take(news: News): void;
}

export function createSnapshots(): Snapshots {
  const callbacks = new Set<() => void>();
  const problems: Partial<Record<Source, Problem>> = {};
  let isOurs = false;
  let wakes: Snapshot['wake'] = { kind: 'ready' };
  let current: Snapshot;
  const set = (change: Partial<Snapshot>): void => {
    const standing = SOURCES.flatMap((source) => problems[source] ?? []);
    // A wrong config fails the service worker, too, and there the browser does not say why.
    const first = standing.find(({ code }) => code === 'config-invalid') ?? standing[0];
    const canWake = isOurs && 'sync' in ServiceWorkerRegistration.prototype;
    // A sandboxed frame is of no origin, and has no storage.
    const isOff = problems.storage || globalThis.origin === 'null';
    const next: Snapshot = {
      ...current,
      ...change,
      mode: isOff ? 'off' : isOurs ? 'service-worker' : 'page-only',
      wake: canWake ? wakes : { kind: 'unsupported' },
      problem: first && { code: first.code as string, message: first.message },
    };
    if (JSON.stringify(next) === JSON.stringify(current)) return;
    current = next;
    for (const callback of callbacks) callback();
  };
  const note = (source: Source, problem: Problem): void => {
    if (problem && problem.message !== problems[source]?.message) console.warn(problem.message);
    problems[source] = problem;
  };
  set({ controlled: false, queues: {}, depth: 0, lost: 0 });
  return {
    get current() {
      return current;
    },
    get isWatched() {
      return callbacks.size > 0;
    },
    subscribe: (callback) => {
      const tell = isolated(callback);
      callbacks.add(tell);
      return () => callbacks.delete(tell);
    },
    setControl: (controlled, ours, problem) => {
      isOurs = ours;
      note('control', problem);
      set({ controlled });
    },
    setProblem: (source, problem) => {
      note(source, problem);
      set({});
    },
    take: ({ queues, isWhole, depth = 0, storage, queue, wake = wakes, lost = current.lost }) => {
      wakes = wake;
      if (storage !== undefined) note('storage', storage);
      if (queue !== undefined) note('queue', queue);
      set({ lost, ...(queues && { queues: { ...(!isWhole && current.queues), ...queues }, depth }) });
    },
  };
}
