import type { QueueDefinition, SluiceDefinition } from '../core/config.js';
import type { Clock, Notify, Store } from '../core/ports.js';
import { createStore } from '../store/store.js';
import { openIndexedDb } from '../store/indexed-db.js';
import { readMeta } from '../store/meta.js';
import type { Database } from '../store/rows.js';
import { createDispatch } from '../transport/attempt.js';
import { createBatching } from '../transport/batch.js';
import { type Prepared, type PrepareOptions, type Preparing, prepareRequest } from '../transport/prepare.js';
import { openContext } from '../transport/seal.js';
import { createChannel } from './channel.js';
import { createClock } from './clock.js';
import { Engine } from './engine.js';
import { createIntakeDesk, type IntakeDesk } from './intake.js';
import { rewriteOf } from './rewrite.js';
import { createSealingKeySource } from './sealing-key.js';

/** The real parts, put together: what a worker and a service worker have in common. */
export interface Runtime {
  /** What the ids of its engines begin with. */
  id: string;
  definition: SluiceDefinition;
  database: Database;
  store: Store;
  notify: Notify;
  clock: Clock;
  intake: IntakeDesk;
  /** Makes the request of a job whose body stands nowhere yet. */
  prepare(preparing: Preparing, body: ArrayBuffer | undefined): Promise<Prepared>;
  startEngine(): Engine;
}

/** Opens nothing yet: a service worker that passes everything through never touches storage. */
export function createRuntime(definition: SluiceDefinition): Runtime {
  const id = crypto.randomUUID();
  let engines = 0;
  const notify = createChannel(definition.name);
  const database = openIndexedDb(definition.name);
  const store = createStore(database, (queue) => rewriteOf(definition, queue));
  const clock = createClock();
  const sealingKey = createSealingKeySource(database);
  const batching = createBatching({
    readBody: store.body,
    functionsOf: (queue) => queueOf(definition, queue)?.batch,
  });
  const preparing: PrepareOptions = {
    readBody: batching.readBody,
    sealingKey,
    prepareOf: (queue) => queueOf(definition, queue)?.prepare,
    context: async () => {
      const row = await readMeta(database, 'context');
      return row ? openContext(row.sealed, await sealingKey()) : {};
    },
    clock,
  };
  const single = createDispatch({
    ...preparing,
    expectOf: (queue) => queueOf(definition, queue)?.expect,
    fetch: (request, init) => fetch(request, init),
  });
  return {
    id,
    definition,
    database,
    store,
    notify,
    clock,
    intake: createIntakeDesk({ definition, store, sealingKey, notify, now: () => Date.now() }),
    prepare: (one, body) => prepareRequest(one, { ...preparing, readBody: async () => body }),
    startEngine: () => {
      engines += 1;
      return new Engine({
        id: `${id}/${engines}`,
        store,
        dispatch: batching.over(single),
        clock,
        notify,
        chance: () => Math.random(),
      });
    },
  };
}

function queueOf({ queues }: SluiceDefinition, queue: string): QueueDefinition | undefined {
  return queues.find(({ name }) => name === queue);
}
