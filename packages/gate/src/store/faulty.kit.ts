import { GateError } from '../core/errors.js';
import type { Engine } from './engine.js';

/** The first transaction that takes a job is committed, and its word is lost. Returns whether that has happened. */
export function loseWordOfFirstClaim(engine: Engine): () => boolean {
  const transact = engine.transact.bind(engine);
  let isLost = false;
  engine.transact = async (queue, reads, decide) => {
    let hasTaken = false;
    const result = await transact(queue, reads, (book) => {
      const decision = decide(book);
      hasTaken = book.changes().put.some(({ row }) => row.job && row.state === 'running');
      return decision;
    });
    if (isLost || !hasTaken) return result;
    isLost = true;
    throw broken();
  };
  return () => isLost;
}

/** The first time that requests of jobs are read, the store is gone. Returns whether that has happened. */
export function failFirstRead(engine: Engine): () => boolean {
  const requestsOf = engine.requestsOf.bind(engine);
  let hasFailed = false;
  engine.requestsOf = async (queue, ids) => {
    if (hasFailed) return requestsOf(queue, ids);
    hasFailed = true;
    throw broken();
  };
  return () => hasFailed;
}

/** Once it is armed, the store is gone for the next transaction that is about a key, and for no other. */
export function failNextOfKey(engine: Engine): { arm: () => void; hasStruck: () => boolean } {
  const transact = engine.transact.bind(engine);
  let state: 'unarmed' | 'armed' | 'over' = 'unarmed';
  engine.transact = async (queue, reads, decide) => {
    if (state !== 'armed' || reads.keys.length === 0) return transact(queue, reads, decide);
    state = 'over';
    throw broken();
  };
  return { arm: () => (state = 'armed'), hasStruck: () => state === 'over' };
}

function broken(): GateError {
  return new GateError('store-unreachable', 'the connection broke');
}
