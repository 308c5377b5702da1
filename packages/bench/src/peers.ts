import type Bottleneck from 'bottleneck';
import type PQueue from 'p-queue';
import type pThrottle from 'p-throttle';

/** What a request is at least, as plain data. */
export interface Stored {
  url: string;
  method: string;
  headers: [string, string][];
  body: ArrayBuffer;
}

export type Rows = 'least' | 'ours';

/** What the page of the peers puts up. */
export interface Peers {
  Bottleneck: typeof Bottleneck;
  PQueue: typeof PQueue;
  pThrottle: typeof pThrottle;
  /** Workbox lives in a service worker alone; it answers how long something took, in ms. */
  askServiceWorker: (message: { fill: number } | { replay: true }) => Promise<number>;
  openRaw: (name: string) => Promise<IDBDatabase>;
  putAll: (db: IDBDatabase, rows: readonly Stored[]) => Promise<void>;
  read: (request: Request) => Promise<Stored>;
  /** A worker that stores what it is handed, in the least rows or in those of Sluice, and answers with the place of each. */
  startStoring: (rows: Rows) => Worker;
}
