import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { QueueConfig, SluiceConfig } from './core/config.js';
import { definitionFrom } from './core/define.js';
import type { SluiceEvent } from './core/events.js';
import { type Job, parseTicket } from './core/job.js';
import { type Captured, heard, isOurs, PROTOCOL, type Reply } from './core/messages.js';
import { QUEUE_RULES } from './core/queue-rules.js';
import { depthOf, type QueueRow } from './core/queue-row.js';
import { createHost } from './host/host.js';
import { createRuntime, type Runtime } from './drain/runtime.js';
import { openMemory } from './store/memory.js';
import { readQueues } from './store/queues.js';
import { FakeClock } from './testing/fake-clock.js';
import { createHub } from './testing/hub.js';
import { testSluice } from './testing/index.js';
import { capture } from './transport/capture.js';
import { rebuild } from './transport/rebuild.js';

vi.setConfig({ testTimeout: 60_000 });

const BASE = 'https://app.test/';
const match: QueueConfig['match'] = ({ method }) => method === 'POST';

/** One context in memory, and a service that takes whatever comes. */
function context(queue: Partial<QueueConfig> = {}): { runtime: Runtime; clock: FakeClock } {
  const clock = new FakeClock();
  const world = {
    base: BASE,
    database: openMemory(),
    notify: createHub()(),
    clock,
    chance: () => 0.5,
    fetch: async () => new Response(),
    locks: undefined,
  };
  const limits = { [new URL(BASE).origin]: { limit: 1000, perMs: 1000 } };
  const definition = definitionFrom({ limits, queues: { orders: { match, ...queue } } });
  return { runtime: createRuntime(definition, world), clock };
}

const post = (body: string): Promise<Captured> =>
  capture(new Request(`${BASE}api`, { method: 'POST', body }));
const rowOf = async ({ database }: Runtime): Promise<QueueRow> => (await readQueues(database))[0] as QueueRow;

test('any config is taken, or refused by name', () => {
  const field = fc.constantFrom(...(Object.keys(QUEUE_RULES) as (keyof QueueConfig)[]));
  const queue = fc.dictionary(field, fc.oneof(fc.anything(), fc.integer(), fc.func(fc.anything())));
  const queues = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('orders', '__proto__')), queue);
  const config = fc.oneof(fc.anything(), fc.record({ name: fc.anything(), queues, limits: fc.anything() }));
  fc.assert(
    fc.property(config, (value) => {
      try {
        definitionFrom(value as SluiceConfig);
      } catch (error) {
        expect(error).toMatchObject({
          code: 'config-invalid',
          message: expect.stringContaining('allowed') as string,
        });
      }
    }),
    { numRuns: 2000 },
  );
});

test('what a context of another version says has everybody look at who is signed in', () => {
  expect(heard({ protocol: PROTOCOL + 1, events: [] })).toContainEqual({ type: 'identified' });
});

test('any message is ours in its shape, or nobody’s', () => {
  const shaped = fc.record(
    {
      sluice: fc.anything(),
      protocol: fc.oneof(fc.constant(PROTOCOL), fc.anything()),
      name: fc.anything(),
      events: fc.anything(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.anything(), shaped), (data) => {
      expect((heard(data) ?? []).every((event) => typeof event.type === 'string')).toBe(true);
      if (isOurs(data, 'sluice')) expect(data.name).toBe('sluice');
    }),
    { numRuns: 2000 },
  );
});

test('no forged event stops an engine, loses a job, or has one sent twice', async () => {
  const type = fc.constantFrom<SluiceEvent['type']>(
    ...(['accepted', 'done', 'aborting', 'identified', 'nudged', 'redriven', 'lost', 'leading'] as const),
  );
  const forged = fc.record(
    {
      type,
      queue: fc.oneof(fc.constant('orders'), fc.anything()),
      ticket: fc.oneof(fc.constant('orders.1.x'), fc.anything()),
    },
    { requiredKeys: ['type'] },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(forged, { maxLength: 8 }), async (events) => {
      const { runtime, clock } = context();
      const engine = runtime.startEngine({ isAlone: true });
      await runtime.intake.accept(await post('a'), { queue: 'orders' });
      runtime.notify.tell(events as SluiceEvent[]);
      await clock.advance(5000);
      expect((await rowOf(runtime)).counts).toMatchObject({ accepted: 1, done: 1, sends: 1 });
      await engine.stop();
    }),
    { numRuns: 60 },
  );
});

test('whatever a page hands over is stored, or refused by code; what makes no request is a dead letter', async () => {
  const request = fc.record({
    url: fc.oneof(fc.constant(`${BASE}api`), fc.anything()),
    method: fc.oneof(fc.constant('POST'), fc.anything()),
    headers: fc.oneof(fc.constant([]), fc.anything()),
    secrets: fc.constant({ kind: 'none' }),
    mode: fc.oneof(fc.constant('cors'), fc.anything()),
  });
  const handed = fc.oneof(
    fc.anything(),
    fc.record({ request, body: fc.anything() }, { requiredKeys: ['request'] }),
  );
  await fc.assert(
    fc.asyncProperty(handed, async (captured) => {
      const { runtime, clock } = context();
      const engine = runtime.startEngine({ isAlone: true });
      const host = createHost(runtime, { begin: () => undefined, suspend: async () => undefined });
      const enqueue = (one: unknown): Promise<Reply> =>
        host.call('enqueue', [one], { queue: 'orders' }, clock.now(), PROTOCOL);
      const reply = await enqueue(captured);
      if ('error' in reply) expect(reply.error.code).toMatch(/^[a-z-]+$/);
      expect(await enqueue(await post('after'))).toHaveProperty('value');
      await clock.advance(5000);
      const { counts, bytes } = await rowOf(runtime);
      expect(counts).toMatchObject({ waiting: 0, leased: 0 });
      expect(counts.done).toBeGreaterThanOrEqual(1);
      expect(bytes).toBe(0);
      await engine.stop();
    }),
    { numRuns: 150 },
  );
});

test('a stored row that was tampered with is a dead letter with a reason, and its neighbours pass', async () => {
  const field = fc.constantFrom(
    'url',
    'method',
    'headers',
    'secrets',
    'mode',
    'redirect',
    'referrer',
    'integrity',
  );
  await fc.assert(
    fc.asyncProperty(field, fc.anything(), async (name, value) => {
      const { runtime, clock } = context();
      await runtime.intake.accept(await post('tampered'), { queue: 'orders' });
      await runtime.intake.accept(await post('neighbour'), { queue: 'orders' });
      await tamper(runtime, (job) => ({ ...job, request: { ...job.request, [name]: plain(value) } }));
      const engine = runtime.startEngine({ isAlone: true });
      await clock.advance(120_000);
      const row = await rowOf(runtime);
      expect(depthOf(row)).toBe(0);
      const { done, dead } = row.counts;
      expect(done + (dead.unreadable ?? 0)).toBe(2);
      expect(done).toBeGreaterThanOrEqual(1);
      await engine.stop();
    }),
    { numRuns: 150 },
  );
});

/** What a database could hold. */
function plain(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return null;
  }
}

async function tamper({ database }: Runtime, change: (job: Job) => Job): Promise<void> {
  await database.run({ tables: ['jobs'], mode: 'readwrite', durability: 'strict' }, async (tx) => {
    const job = (await tx.get('jobs', ['orders', 1])) as Job;
    tx.put('jobs', change(job));
  });
}

test('any URL is captured and made again as it was', async () => {
  await fc.assert(
    fc.asyncProperty(fc.webUrl({ withQueryParameters: true, withFragments: true }), async (url) => {
      const { request } = await capture(new Request(url, { method: 'POST' }));
      const made = new URL(rebuild(request, undefined).url);
      const asked = new URL(url);
      expect(made.origin + made.pathname + made.search).toBe(asked.origin + asked.pathname + asked.search);
    }),
    { numRuns: 500 },
  );
});

test('any string is a ticket of ours, or none', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const place = parseTicket(text);
      if (place) expect(text.startsWith(`${place.queue}.`)).toBe(true);
    }),
  );
});

const CAP_BYTES = 70_000;

for (const bytes of [0, 1, 65_535, 65_536, CAP_BYTES, CAP_BYTES + 1]) {
  test(`a body of ${bytes} bytes arrives as it was, or is refused as too large`, async () => {
    const arrived: number[] = [];
    const { sluice, clock } = await testSluice(
      { queues: { orders: { match, maxBodyBytes: CAP_BYTES } } },
      {
        fetch: async (request) => {
          arrived.push((await request.arrayBuffer()).byteLength);
          return new Response();
        },
      },
    );
    const body = new Uint8Array(bytes).fill(7);
    const response = await sluice.fetch('/api', { method: 'POST', body });
    while ((await sluice.counts()).orders?.waiting || (await sluice.counts()).orders?.leased)
      await clock.advance(100);
    expect(response.status).toBe(bytes > CAP_BYTES ? 413 : 202);
    expect(arrived).toEqual(bytes > CAP_BYTES ? [] : [bytes]);
  });
}
