import { openJobs } from '../jobs-table.js';

/**
 * The least that sending from a queue on disk can cost: no rules, no pace, no counters, no second engine. A job is leased before
 * it is sent, and goes once its result is stored; what has ended and what is next share a transaction.
 */
declare const self: DedicatedWorkerGlobalScope;

interface Job {
  seq: number;
  state: 'ready' | 'leased';
  url: string;
  method: string;
  headers: [string, string][];
  body: ArrayBuffer;
}

interface Result {
  seq: number;
  status: number;
  headers: [string, string][];
  body: ArrayBuffer;
}

function transact<T>(db: IDBDatabase, work: (tx: IDBTransaction) => IDBRequest<T> | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const tx = db.transaction(['jobs', 'results'], 'readwrite', { durability: 'relaxed' });
    const request = work(tx);
    tx.addEventListener('complete', () => resolve(request?.result as T));
    tx.addEventListener('abort', () => reject(tx.error));
  });
}

async function fill(db: IDBDatabase, { url, count }: { url: string; count: number }): Promise<void> {
  const body = new TextEncoder().encode('x'.repeat(200)).buffer;
  await transact(db, (tx) => {
    tx.objectStore('results').clear();
    for (let seq = 0; seq < count; seq++) {
      tx.objectStore('jobs').put({
        seq,
        state: 'ready',
        url,
        method: 'POST',
        headers: [],
        body,
      } satisfies Job);
    }
    return undefined;
  });
}

/** Settles what has ended, and leases what comes next. */
function turn(db: IDBDatabase, ended: readonly Result[], free: number): Promise<Job[]> {
  return transact(db, (tx) => {
    const jobs = tx.objectStore('jobs');
    for (const result of ended) {
      jobs.delete(result.seq);
      tx.objectStore('results').put(result);
    }
    const ready = IDBKeyRange.bound(['ready'], ['ready', Number.POSITIVE_INFINITY]);
    const next = jobs.index('byState').getAll(ready, free) as IDBRequest<Job[]>;
    next.addEventListener('success', () => {
      for (const job of next.result) jobs.put({ ...job, state: 'leased' });
    });
    return next;
  });
}

async function send({ seq, url, method, headers, body }: Job): Promise<Result> {
  const response = await fetch(url, { method, headers, body });
  return {
    seq,
    status: response.status,
    headers: [...response.headers],
    body: await response.arrayBuffer(),
  };
}

async function drain(db: IDBDatabase, atOnce: number): Promise<void> {
  let ended: Result[] = [];
  let inFlight = 0;
  let wake = (): void => undefined;
  for (;;) {
    const settled = ended;
    ended = [];
    const jobs = await turn(db, settled, atOnce - inFlight);
    inFlight += jobs.length;
    for (const job of jobs) {
      void send(job).then((result) => {
        inFlight -= 1;
        ended.push(result);
        wake();
      });
    }
    if (inFlight === 0 && ended.length === 0) return;
    if (ended.length === 0) await new Promise<void>((resolve) => (wake = resolve));
  }
}

self.addEventListener(
  'message',
  async ({ data }: MessageEvent<{ url: string; count: number; atOnce: number }>) => {
    const db = await openJobs('books');
    await fill(db, data);
    await drain(db, data.atOnce);
    db.close();
    self.postMessage('done');
  },
);
