import type { Database } from './rows.js';

/** Rows that one sweep takes at most: an engine sweeps between turns, and must not hold them up. */
const SWEPT_AT_ONCE = 200;

/** Deletes results, dedupe keys and dead letters whose time is over. Counters stay: they tell how jobs ended, not what is kept. */
export function sweep(database: Database, queue: string, now: number): Promise<{ isDone: boolean }> {
  const tables = ['jobs', 'bodies', 'queues', 'results', 'twins'] as const;
  return database.run({ tables, mode: 'readwrite', durability: 'relaxed' }, async (tx) => {
    const row = await tx.get('queues', queue);
    const expired = await tx.all('results', {
      index: 'byExpiry',
      from: [0],
      to: [now],
      count: SWEPT_AT_ONCE,
    });
    for (const result of expired) tx.delete('results', [result.queue, result.seq]);
    const forgotten = await tx.all('twins', {
      index: 'byExpiry',
      from: [0],
      to: [now],
      count: SWEPT_AT_ONCE,
    });
    for (const twin of forgotten) tx.delete('twins', [twin.queue, twin.key]);
    const deadBefore = now - (row?.policy.deadKeptMs ?? 0);
    const range = {
      index: 'byState',
      from: [queue, 'dead'],
      to: [queue, 'dead', deadBefore],
      count: SWEPT_AT_ONCE,
    };
    const dead = row ? await tx.all('jobs', range) : [];
    for (const job of dead) {
      tx.delete('jobs', [job.queue, job.seq]);
      tx.delete('bodies', [job.queue, job.seq]);
    }
    return { isDone: [expired, forgotten, dead].every(({ length }) => length < SWEPT_AT_ONCE) };
  });
}
