import { expect, test } from 'vitest';
import { policiesOf } from '../core/config.js';
import { defineSluice } from '../core/define.js';
import type { Rate } from '../core/policy.js';
import { commandQueues } from '../store/control.js';
import { openMemory } from '../store/memory.js';
import { writePolicies } from '../store/policies.js';
import { readQueues } from '../store/queues.js';
import type { Database } from '../store/rows.js';
import { createHub } from '../testing/hub.js';
import { createPolicyCheck, writeOwnPolicies } from './own-policies.js';

const T0 = 1_000_000;

const withRate = (limit: number) =>
  defineSluice({
    queues: { orders: { match: { method: 'POST', url: '/orders' }, rate: { limit, perMs: 1000 } } },
  });

/** After the first version was activated, a life of the next one. `writes` counts those of the rules. */
async function nextVersion({ fails = () => false }: { fails?: () => boolean } = {}) {
  const stored = openMemory();
  await writePolicies(stored, policiesOf(withRate(10)), { overwrite: true });
  let writes = 0;
  const database: Database = {
    ...stored,
    run: (plan, work) => {
      if (plan.mode === 'readwrite') writes += 1;
      return fails() ? Promise.reject(new Error('full')) : stored.run(plan, work);
    },
  };
  const owner = { database, definition: withRate(2), notify: createHub()() };
  const rate = async (): Promise<Rate | null | undefined> => (await readQueues(stored))[0]?.policy.rate;
  return { owner, stored, rate, writes: () => writes };
}

/** What an event is asked to wait for. */
async function checkBy(check: ReturnType<typeof createPolicyCheck>): Promise<void> {
  let work: Promise<unknown> | undefined;
  check({ waitUntil: (one) => void (work = one) });
  if (!work) throw new Error('nothing was waited for');
  await work;
}

test('the rules of a version whose activation could not write them hold from its first event on', async () => {
  let isFull = true;
  const { owner, rate } = await nextVersion({ fails: () => isFull });
  await writeOwnPolicies(owner);
  expect(await rate()).toMatchObject({ limit: 10 });
  isFull = false;
  await checkBy(createPolicyCheck(owner));
  expect(await rate()).toMatchObject({ limit: 2 });
});

test('rules that stand are looked at once in a life, and not written again', async () => {
  const { owner, stored, rate, writes } = await nextVersion();
  await writeOwnPolicies(owner);
  await commandQueues(stored, 'orders', { kind: 'patch', patch: { rate: { limit: 1, perMs: 1000 } } }, T0);
  const check = createPolicyCheck(owner);
  await checkBy(check);
  await expect(checkBy(check)).rejects.toThrow('nothing was waited for');
  expect(writes()).toBe(1);
  expect(await rate()).toMatchObject({ limit: 1 });
});
