import { readBody } from './bodies.js';
import type { Store } from '../core/ports.js';
import { eraseForgotten } from './clear.js';
import { chargeDirect, chargeFirstTry } from './direct.js';
import { enqueue } from './enqueue.js';
import { renew } from './lease-commands.js';
import type { RulesOf } from './ledger.js';
import { writeMeta } from './meta.js';
import { readQueues } from './queues.js';
import type { Database } from './rows.js';
import { createScope } from './scope.js';
import { sweep } from './sweep.js';
import { turn } from './turn.js';

/** The queue over a database: IndexedDB, or its twin in memory. */
export function createStore(database: Database, rulesOf: RulesOf = () => undefined): Store {
  const scopes = {
    enqueue: createScope('enqueue', 'jobs', 'queues'),
    turn: createScope('turn', 'jobs', 'queues', 'results'),
  };
  return {
    enqueue: (drafts, policies, now) =>
      enqueue(database, drafts, { policies, now, rulesOf, scope: scopes.enqueue }),
    turn: (request, instant) => turn(database, request, { ...instant, rulesOf, scope: scopes.turn }),
    chargeDirect: (send, instant) => chargeDirect(database, send, instant),
    chargeFirstTry: (trying, instant) => chargeFirstTry(database, trying, instant),
    renew: (claim, until) => renew(database, claim, until),
    queueNames: async () => (await readQueues(database)).map(({ name }) => name),
    beat: (engine, now) => writeMeta(database, { key: 'leader', engine, at: now }),
    sweep: (from, now) => sweep(database, from, now),
    eraseForgotten: (now) => eraseForgotten(database, now),
    body: (job) => readBody(database, job),
  };
}
