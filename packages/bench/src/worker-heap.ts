import type { CDPSession, Page } from '@playwright/test';
import type { Benchmark, Figure } from './benchmark.js';

const KIB = 1024;
const MIB = KIB * KIB;

/** Memory stays small because records are dequeued only when there is capacity. */
export const workerHeap: Benchmark = {
  name: 'worker-heap',
  shows: 'what the heap of the draining worker grows by with the depth of the queue',
  run: async (lab, { isSmoke }) => {
    const rate = { rate: { limit: 20, perMs: 1000 }, concurrency: 4, maxBytes: 1024 * MIB };
    const page = await lab.open(rate);
    const heap = await attach(page);
    await enqueue(page, 100, KIB);
    const atFew = await heap();
    const many = isSmoke ? 1000 : 100_000;
    for (let stored = 100; stored < many; stored += 1000) await enqueue(page, 1000, KIB);
    const atMany = await heap();
    const large = await lab.open(rate);
    const largeHeap = await attach(large);
    await large.evaluate(() => sluice.pause());
    const before = await largeHeap();
    const bodies = isSmoke ? 2 : 100;
    for (let i = 0; i < bodies; i++) await enqueue(large, 1, 5 * MIB);
    const after = await largeHeap();
    return [
      figure('at 100 jobs of 1 KiB', atFew),
      figure(`at ${many} jobs of 1 KiB`, atMany),
      figure('growth', atMany - atFew),
      figure(`growth over ${bodies} bodies of 5 MiB`, after - before),
    ];
  },
};

function figure(name: string, bytes: number): Figure {
  return { name, value: bytes / MIB, unit: 'MiB' };
}

function enqueue(page: Page, count: number, bytes: number): Promise<void> {
  return page.evaluate(
    async ({ count, bytes }) => {
      const body = 'x'.repeat(bytes);
      const requests = Array.from(
        { length: count },
        () => new Request('/api/orders', { method: 'POST', body }),
      );
      await sluice.enqueue(requests);
    },
    { count, bytes },
  );
}

/** The worker's own heap, forced clean: used plus what stands behind its buffers. */
async function attach(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  const attached = new Promise<string>((resolve) => {
    session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') resolve(sessionId);
    });
  });
  // Not flattened: the only way to a worker through the session of its page.
  await session.send('Target.setAutoAttach', {
    autoAttach: true,
    waitForDebuggerOnStart: false,
    flatten: false,
  });
  const sessionId = await attached;
  return async () => {
    await ask(session, sessionId, 'HeapProfiler.collectGarbage');
    const { usedSize, backingStorageSize = 0 } = await ask<{ usedSize: number; backingStorageSize?: number }>(
      session,
      sessionId,
      'Runtime.getHeapUsage',
    );
    return usedSize + backingStorageSize;
  };
}

let nextId = 1;

function ask<T>(session: CDPSession, sessionId: string, method: string): Promise<T> {
  const id = nextId++;
  return new Promise((resolve, reject) => {
    const hear = ({ message }: { message: string }): void => {
      const answer = JSON.parse(message) as { id?: number; result: T; error?: { message: string } };
      if (answer.id !== id) return;
      session.off('Target.receivedMessageFromTarget', hear);
      if (answer.error) reject(new Error(answer.error.message));
      else resolve(answer.result);
    };
    session.on('Target.receivedMessageFromTarget', hear);
    void session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) });
  });
}
