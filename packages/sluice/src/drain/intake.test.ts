import { expect, test } from 'vitest';
import { defineSluice } from '../core/define.js';
import { storedPost } from '../core/job.kit.js';
import { parseTicket } from '../core/job.js';
import { openMemory } from '../store/memory.js';
import type { Database } from '../store/rows.js';
import { FakeClock } from '../testing/fake-clock.js';
import { createHub } from '../testing/hub.js';
import { createRuntime } from './runtime.js';

const BASE = 'https://example.test/';
const MANY = 5000;

/** The jobs of each strict transaction, while storage takes them: after `most` of those it fails. */
async function acceptMany(most: number) {
  const memory = openMemory();
  const sizes: number[] = [];
  const run: Database['run'] = async (plan, work) => {
    if (plan.durability !== 'strict' || plan.name !== 'enqueue') return memory.run(plan, work);
    if (sizes.length === most) throw new Error('the disk is gone');
    let jobs = 0;
    const counted = await memory.run(plan, (tx) =>
      work({
        ...tx,
        put: (table, row) => {
          if (table === 'jobs') jobs += 1;
          tx.put(table, row);
        },
      }),
    );
    if (jobs > 0) sizes.push(jobs);
    return counted;
  };
  const { intake } = createRuntime(
    defineSluice({ queues: { orders: { match: { method: 'POST', url: '/api/orders' } } } }),
    {
      base: BASE,
      database: { ...memory, run },
      notify: createHub()(),
      clock: new FakeClock(),
      chance: () => 0.5,
      fetch: async () => new Response(),
      locks: undefined,
    },
  );
  const captured = Array.from({ length: MANY }, () => ({ request: storedPost(`${BASE}api/orders`) }));
  const intakes = await intake.acceptAll(
    captured,
    captured.map(() => 'orders'),
  );
  const places = intakes.map((one) =>
    one.kind === 'accepted' ? parseTicket(one.receipt.ticket)?.seq : one.kind,
  );
  return { sizes, places };
}

test('a long list takes several transactions, in its order', async () => {
  const { sizes, places } = await acceptMany(9);
  expect(sizes).toEqual([2048, 2048, MANY - 4096]);
  expect(places).toEqual(Array.from({ length: MANY }, (_, i) => i + 1));
});

test('where storage fails in the middle of a list, what it had taken has its receipts', async () => {
  const { sizes, places } = await acceptMany(1);
  expect(sizes).toEqual([2048]);
  expect(places.slice(0, 2048)).toEqual(Array.from({ length: 2048 }, (_, i) => i + 1));
  expect(new Set(places.slice(2048))).toEqual(new Set(['broken']));
});
