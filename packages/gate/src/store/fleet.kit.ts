import type pg from 'pg';
import { onTestFinished } from 'vitest';
import { createGate } from '../gate/gate.js';
import { postgres } from './postgres.js';

/** Nodes in one process, each with a pool of its own, whose service writes an effect in the transaction of the key. */
export interface Fleet {
  /** An order, repeated with its key until the service has answered. Resolves with the number of its effect. */
  order(key: string): Promise<number>;
  /** An order for the line: its ticket, or undefined where it was answered at once. */
  orderLater(key: string): Promise<string | undefined>;
  /** Resolves once the job is done. */
  outcome(ticket: string): Promise<number>;
}

const QUEUE = { leaseMs: 500, afterCrash: 'repeat' } as const;

export async function startFleet(newPool: () => pg.Pool, size = 3): Promise<Fleet> {
  const gates = await Promise.all(Array.from({ length: size }, () => startGate(newPool())));
  let turn = 0;
  const ask = (path: string, init: RequestInit): Promise<Response> => {
    const { gate, service } = gates[(turn += 1) % size] ?? fail();
    return gate
      .handle(new Request(`http://service.test${path}`, init), service)
      .catch(() => new Response(null, { status: 500 }));
  };
  const post = (path: string, key: string, prefer = ''): Promise<Response> =>
    ask(path, { method: 'POST', body: key, headers: { 'idempotency-key': key, prefer } });
  return {
    order: (key) => untilAnswered(() => post('/orders', key), 201),
    orderLater: async (key) => {
      let answer = await post('/later', key, 'respond-async');
      while (answer.status >= 400) answer = await post('/later', key, 'respond-async');
      return answer.headers.get('sluice-ticket') ?? undefined;
    },
    outcome: (ticket) =>
      untilAnswered(() => ask(`/sluice-jobs/${ticket}`, { headers: { prefer: 'wait=1' } }), 201),
  };
}

async function untilAnswered(ask: () => Promise<Response>, wanted: number): Promise<number> {
  for (;;) {
    const answer = await ask();
    if (answer.status === wanted) return Number(await answer.text());
    await answer.body?.cancel();
    // Other work of this process has its turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function startGate(pool: pg.Pool) {
  const service = async (request: Request): Promise<Response> => {
    const key = request.headers.get('idempotency-key');
    try {
      const number = await gate.once(request, async (tx) => {
        const { rows } = await tx.query('INSERT INTO effects (key) VALUES ($1) RETURNING n', [key]);
        return (rows[0] as { n: number }).n;
      });
      return new Response(String(number), { status: 201 });
    } catch {
      return new Response(null, { status: 500 });
    }
  };
  const gate = await createGate({
    store: postgres(pool, { timeoutMs: 1000 }),
    secret: 'a secret of the tests, 32 characters',
    identity: () => '',
    queues: {
      orders: { match: { url: '/orders' }, ...QUEUE },
      later: { match: { url: '/later' }, ...QUEUE, rate: { limit: 50, perMs: 1000 }, holdMs: 0, line: {} },
    },
    deliver: (request) => service(request),
  });
  onTestFinished(() => gate.close());
  return { gate, service };
}

function fail(): never {
  throw new Error('a fleet has at least one node');
}

/** How many effects each key has. */
export async function effectsOf(pool: pg.Pool, keys: readonly string[]): Promise<number[]> {
  const { rows } = await pool.query('SELECT key, count(*)::int AS count FROM effects GROUP BY key');
  const counts = new Map((rows as { key: string; count: number }[]).map(({ key, count }) => [key, count]));
  return keys.map((key) => counts.get(key) ?? 0);
}
