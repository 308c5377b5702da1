import type { Depth, QueueUnderTest } from '../../src/store-under-test.js';
import { openDatabase } from '../raw.js';

interface Row {
  seq: number;
  state: 'waiting' | 'leased';
  body: ArrayBuffer;
}

const AT_ONCE = 1000;

/** The least that a queue on IndexedDB is: a table, an index by state, and a transaction for each step of a job. */
export class Raw implements QueueUnderTest<Row> {
  readonly #opening: Promise<IDBDatabase>;
  #seq = 0;

  constructor(name: string) {
    this.#opening = open(name);
  }

  async fill({ waiting }: Depth): Promise<void> {
    for (let left = waiting; left > 0; left -= AT_ONCE) await this.#add(Math.min(left, AT_ONCE));
  }

  enqueue(): Promise<void> {
    return this.#add(1);
  }

  async claim(): Promise<Row> {
    let claimed: Row | undefined;
    await this.#run('relaxed', (rows) => {
      const waiting = rows.index('byState').getAll(rangeOf('waiting'), 1);
      waiting.addEventListener('success', () => {
        claimed = { ...(waiting.result[0] as Row), state: 'leased' };
        rows.put(claimed);
      });
    });
    return claimed as Row;
  }

  settle({ seq }: Row): Promise<void> {
    return this.#run('relaxed', (rows) => {
      const found = rows.get(seq);
      found.addEventListener('success', () => rows.delete((found.result as Row).seq));
    });
  }

  list(): Promise<void> {
    const look = (rows: IDBObjectStore) => void rows.index('byState').getAll(rangeOf('waiting'), 50);
    return this.#run('relaxed', look, 'readonly');
  }

  #add(count: number): Promise<void> {
    return this.#run('strict', (rows) => {
      for (let i = 0; i < count; i++) {
        this.#seq += 1;
        rows.put({ seq: this.#seq, state: 'waiting', body: new ArrayBuffer(1024) } satisfies Row);
      }
    });
  }

  async #run(
    durability: 'strict' | 'relaxed',
    work: (rows: IDBObjectStore) => void,
    mode: IDBTransactionMode = 'readwrite',
  ): Promise<void> {
    const transaction = (await this.#opening).transaction('rows', mode, { durability });
    work(transaction.objectStore('rows'));
    await new Promise<void>((resolve, reject) => {
      transaction.addEventListener('complete', () => resolve());
      transaction.addEventListener('abort', () => reject(transaction.error));
    });
  }
}

function rangeOf(state: Row['state']): IDBKeyRange {
  return IDBKeyRange.bound([state, 0], [state, Number.POSITIVE_INFINITY]);
}

function open(name: string): Promise<IDBDatabase> {
  return openDatabase(name, (db) => {
    db.createObjectStore('rows', { keyPath: 'seq' }).createIndex('byState', ['state', 'seq']);
  });
}
