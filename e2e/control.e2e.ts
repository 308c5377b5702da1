import { burst, connected, countsOf, drained, expect, test, urlOf } from './fixtures.js';

const slow = { queues: { orders: { rate: { limit: 1, perMs: 60_000 } } } };

test('a paused queue sends nothing, also after a reload, and goes on when resumed', async ({
  origin,
  open,
}) => {
  const page = await open();
  await burst(page, 1);
  await drained(page);
  await page.evaluate(() => sluice.pause('orders'));
  await burst(page, 3);
  await page.reload();
  await connected(page);
  expect(await page.evaluate(async () => sluice.snapshot().queues.orders?.status)).toEqual({
    kind: 'paused',
  });
  expect(origin.arrivals).toHaveLength(1);
  await page.evaluate(() => sluice.resume());
  await drained(page);
  expect(origin.arrivals).toHaveLength(4);
});

test('a job in flight is aborted when it is cancelled', async ({ origin, open }) => {
  const page = await open();
  origin.set({ baseLatencyMs: 60_000 });
  const [ticket = ''] = await burst(page, 1);
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  expect(await page.evaluate((ticket) => sluice.cancel(ticket), ticket)).toBe('aborting');
  const outcome = await page.evaluate((ticket) => sluice.settled(ticket), ticket);
  expect(outcome).toMatchObject({ kind: 'cancelled', reason: 'user' });
});

test('what cannot be done is refused by code, with the offending value', async ({ open }) => {
  const page = await open();
  const [ticket = ''] = await burst(page, 1);
  await drained(page);
  const errors = await page.evaluate(async (ticket) => {
    const attempts = [
      () => sluice.pause('nope'),
      () => sluice.cancel(ticket),
      () => sluice.redrive('garbage'),
      () => sluice.list({ queue: 'orders', state: 'done', limit: 0 }),
      () => sluice.enqueue(new Request('/unmatched', { method: 'POST' })),
      () => sluice.enqueue(new Request('/api/orders', { method: 'POST' }), { queue: 'nope' }),
      () => sluice.setContext({ token: () => undefined }),
    ];
    const codes: string[] = [];
    for (const attempt of attempts) {
      codes.push(
        await attempt().then(
          () => 'no error',
          (error: { code: string }) => error.code,
        ),
      );
    }
    return codes;
  }, ticket);
  expect(errors).toEqual([
    'queue-unknown',
    'state-conflict',
    'state-conflict',
    'config-invalid',
    'queue-unknown',
    'queue-unknown',
    'config-invalid',
  ]);
});

test('events tell the life of a job, in every tab', async ({ open }) => {
  const page = await open();
  const other = await open();
  await other.evaluate(() => {
    const seen: string[] = [];
    for (const type of ['accepted', 'attempt', 'done'] as const) sluice.on(type, () => seen.push(type));
    Object.assign(globalThis, { seen });
  });
  await burst(page, 1);
  await expect
    .poll(() => other.evaluate(() => (globalThis as unknown as { seen: string[] }).seen))
    .toEqual(['accepted', 'attempt', 'done']);
});

test('the snapshot is the same until something has changed, and then tells it', async ({ open }) => {
  const page = await open({ settings: slow });
  const seen = await page.evaluate(async () => {
    const before = sluice.snapshot();
    const same = before === sluice.snapshot();
    const told = new Promise<number>((resolve) => {
      const stop = sluice.subscribe(() => {
        const { depth } = sluice.snapshot();
        if (depth === 0) return;
        stop();
        resolve(depth);
      });
    });
    await sluice.fetch('/api/orders', { method: 'POST', body: 'x', job: { held: true } });
    return { same, depth: await told, isNew: before !== sluice.snapshot() };
  });
  expect(seen).toEqual({ same: true, depth: 1, isNew: true });
});

test('an Authorization header does not stand in the database in clear, and arrives all the same', async ({
  origin,
  open,
}) => {
  const page = await open({ settings: slow });
  // Its own answer would echo what it was sent.
  origin.set({ answer: { status: 200 } });
  await page.evaluate(async () => {
    const headers = { Authorization: 'Bearer canary-7391', 'X-CSRF-Token': 'canary-7392' };
    for (let i = 0; i < 2; i++) await fetch('/api/orders', { method: 'POST', body: 'x', headers });
    await sluice.setContext({ token: 'canary-7393' });
  });
  await origin.waitFor(({ arrivals }) => arrivals.length === 1);
  expect(origin.arrivals[0]?.headers).toMatchObject({
    authorization: 'Bearer canary-7391',
    'x-csrf-token': 'canary-7392',
  });
  const dump = await page.evaluate(async () => {
    const db = await new Promise<IDBDatabase>((resolve) => {
      const opening = indexedDB.open('sluice');
      opening.onsuccess = () => resolve(opening.result);
    });
    const texts: string[] = [];
    for (const name of db.objectStoreNames) {
      const rows = await new Promise<unknown[]>((resolve) => {
        const reading = db.transaction(name).objectStore(name).getAll();
        reading.onsuccess = () => resolve(reading.result);
      });
      const bytes = (_: string, value: unknown) =>
        value instanceof ArrayBuffer ? new TextDecoder('latin1').decode(value) : value;
      texts.push(JSON.stringify(rows, bytes));
    }
    db.close();
    return texts.join('\n');
  });
  expect(dump).toContain('/api/orders');
  expect(dump).not.toContain('canary');
});

test('two apps of one origin live side by side under two names', async ({ origin, open }) => {
  const page = await open({ settings: { name: 'first' } });
  const [ticket = ''] = await burst(page, 1);
  expect(await page.evaluate((ticket) => sluice.settled(ticket), ticket)).toMatchObject({ kind: 'done' });
  const other = await page.context().newPage();
  await other.goto(urlOf(`${origin.url}/short/`, { name: 'second' }));
  await connected(other);
  expect(await other.evaluate((ticket) => sluice.settled(ticket), ticket)).toMatchObject({ kind: 'unknown' });
});

test('each connect has a handle of its own, and the last that is closed gives everything back', async ({
  open,
}) => {
  const page = await open();
  const [own, refused, after] = await page.evaluate(async () => {
    const { connect, script } = globalThis as unknown as {
      connect: (script: string) => Promise<typeof sluice>;
      script: string;
    };
    const ask = async (one: typeof sluice) => {
      const response = await one.fetch('/api/orders', { method: 'POST', body: 'x' });
      return (await one.settled(response.headers.get('Sluice-Ticket') ?? '')).kind;
    };
    const second = await connect(script);
    await sluice.close();
    const own = await ask(second);
    const refused = await sluice.counts().catch((error: { code: string }) => error.code);
    await second.close();
    return [own, refused, await ask(await connect(script))];
  });
  expect([own, refused, after]).toEqual(['done', 'closed', 'done']);
});

test('what waits for the end of a job as its connection is closed waits on', async ({ open }) => {
  const page = await open();
  const ends = await page.evaluate(async () => {
    const { connect, script } = globalThis as unknown as {
      connect: (script: string) => Promise<typeof sluice>;
      script: string;
    };
    await sluice.pause();
    const response = await fetch('/api/orders', { method: 'POST', body: 'x' });
    const ticket = response.headers.get('Sluice-Ticket') ?? '';
    const waiting = sluice.settled(ticket).then(
      () => 'ended',
      () => 'rejected',
    );
    // Once this is answered, the first look of the one before is as well.
    await sluice.get(ticket);
    await sluice.close();
    const fresh = await connect(script);
    await fresh.resume();
    const { kind } = await fresh.settled(ticket);
    return [kind, await Promise.race([waiting, Promise.resolve('waits')])];
  });
  expect(ends).toEqual(['done', 'waits']);
});

test('a disabled Sluice passes everything through', async ({ origin, open }) => {
  const page = await open({ settings: { enabled: false } });
  const status = await page.evaluate(
    async () => (await fetch('/api/orders', { method: 'POST', body: 'x' })).status,
  );
  expect(status).toBe(200);
  const byHand = await page.evaluate(async () => {
    const { status } = await sluice.fetch('/api/orders', { method: 'POST', body: 'x' });
    const order = new Request('/api/orders', { method: 'POST', body: 'x' });
    return [status, await sluice.enqueue(order).catch(({ code }: { code: string }) => code)];
  });
  expect(byHand).toEqual([200, 'no-answer']);
  expect(origin.arrivals).toHaveLength(2);
  expect(await countsOf(page)).toMatchObject({ accepted: 0 });
});
