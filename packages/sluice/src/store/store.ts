import { readBody } from './bodies.js';
import type { Clock, Store } from '../core/ports.js';
import { eraseForgotten } from './clear.js';
import { chargeDirect, chargeFirstTry } from './direct.js';
import { enqueue } from './enqueue.js';
import { renew } from './lease-commands.js';
import type { RulesOf } from './ledger.js';
import { writeMeta } from './meta.js';
import { readQueues } from './queues.js';
import type { Database } from './rows.js';
import { createScope } from './scope.js';
import { findStored } from './find-stored.js';
import { sweep } from './sweep.js';
import { turn } from './turn.js';

/** The context whose store it is. */
export interface StoreOwner {
  id: string;
  clock: Pick<Clock, 'epoch'>;
}

const ALONE: StoreOwner = { id: '', clock: { epoch: () => 0 } };

/** The queue over a database: IndexedDB, or its twin in memory. */
export function createStore(
  database: Database,
  rulesOf: RulesOf = () => undefined,
  { id: by, clock }: StoreOwner = ALONE,
): Store {
  const scopes = {
    enqueue: createScope('enqueue', 'jobs', 'queues'),
    turn: createScope('turn', 'jobs', 'queues', 'results'),
  };
  const epochs = new Map<string, number>();
  const direct = async <T>(
    queue: string,
    work: (at: { by: string; clockJumped: boolean }) => Promise<T>,
  ): Promise<T> => {
    const epoch = clock.epoch();
    const done = await work({ by, clockJumped: epoch !== (epochs.get(queue) ?? 0) });
    epochs.set(queue, epoch);
    return done;
  };
  return {
    enqueue: (drafts, policies, now) =>
      enqueue(database, drafts, { policies, now, rulesOf, scope: scopes.enqueue }),
    findStored: (drafts, now) => findStored(database, drafts, now),
    turn: (request, instant) => turn(database, request, { ...instant, rulesOf, scope: scopes.turn, by }),
    chargeDirect: (send, instant) =>
      direct(send.queue, (at) => chargeDirect(database, send, { ...instant, ...at })),
    chargeFirstTry: (trying, instant) =>
      direct(trying.queue, (at) => chargeFirstTry(database, trying, { ...instant, ...at })),
    renew: (claim, until) => renew(database, claim, until),
    queues: () => readQueues(database),
    beat: (engine, now) => writeMeta(database, { key: 'leader', engine, at: now }),
    sweep: (from, now) => sweep(database, from, now),
    eraseForgotten: (now) => eraseForgotten(database, now),
    body: (job) => readBody(database, job),
  };
}
