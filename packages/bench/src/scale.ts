import type { Page } from '@playwright/test';
import { alternate, figuresOf } from './alternate.js';
import type { Benchmark, Figure } from './benchmark.js';

const OPERATIONS = ['enqueue', 'claim', 'settle', 'list'] as const;
type Operation = (typeof OPERATIONS)[number];
type Depth = { name: string; waiting: number; scheduled: number };

const FEW: Depth = { name: '100 waiting', waiting: 100, scheduled: 0 };

/** Every transaction is a lookup by key: it costs the same whatever waits. */
export const scale: Benchmark = {
  name: 'scale',
  shows: 'what a transaction of one job costs, by the depth of the queue, p50',
  run: async (lab, { isSmoke }) => {
    const depths = isSmoke
      ? [FEW, { name: '1,000 waiting', waiting: 1000, scheduled: 0 }]
      : [
          FEW,
          { name: '100,000 waiting', waiting: 100_000, scheduled: 0 },
          { name: '100,000 in backoff', waiting: 100, scheduled: 100_000 },
          { name: '1,000,000 waiting', waiting: 1_000_000, scheduled: 0 },
        ];
    const page = await lab.openStore();
    for (const depth of depths) await fill(page, depth);
    const figures: Figure[] = [];
    for (const operation of OPERATIONS)
      figures.push(...(await compare(page, { operation, depths, isSmoke })));
    return figures;
  },
};

async function compare(
  page: Page,
  { operation, depths, isSmoke }: { operation: Operation; depths: readonly Depth[]; isSmoke: boolean },
): Promise<Figure[]> {
  const contenders = Object.fromEntries(
    depths.map(({ name }) => [name, () => measure(page, { name, operation, count: isSmoke ? 5 : 50 })]),
  );
  await alternate(1, contenders);
  const summaries = await alternate(isSmoke ? 1 : 9, contenders);
  return figuresOf(operation, summaries, { unit: 'ms', ratioTo: FEW.name });
}

/** A database for each depth, named after it. */
async function fill(page: Page, depth: Depth): Promise<void> {
  await page.evaluate(async ({ name, waiting, scheduled }) => {
    const database = storage.openIndexedDb(name);
    const { owner } = await storage.openIdentity(database);
    const store = storage.createStore(database);
    const policy = { ...storage.DEFAULT_POLICY, maxJobs: 2_000_000, maxBytes: 1e12, adaptive: false };
    const request = {
      url: `${location.origin}/api/orders`,
      method: 'POST',
      headers: [['content-type', 'application/json']] as [string, string][],
      secrets: { kind: 'none' } as const,
      mode: 'cors',
      credentials: 'same-origin',
      cache: 'default',
      redirect: 'follow',
      referrer: '',
      referrerPolicy: '',
      integrity: '',
    };
    const body = new TextEncoder().encode('x'.repeat(1024)).buffer;
    const draft = (notBefore?: number) => ({
      queue: 'orders',
      owner,
      nonce: 'n',
      idempotencyKey: crypto.randomUUID(),
      request,
      body,
      options: notBefore === undefined ? {} : { notBefore },
    });
    const add = async (count: number, notBefore?: number): Promise<void> => {
      for (let left = count; left > 0; left -= 1000) {
        const drafts = Array.from({ length: Math.min(left, 1000) }, () => draft(notBefore));
        await store.enqueue(drafts, { orders: policy }, Date.now());
      }
    };
    await add(scheduled, Date.now() + 86_400_000);
    await add(waiting);
    let turns = 0;
    const turn = (settlements: object[], maxClaims: number) =>
      store.turn(
        {
          queue: 'orders',
          engine: 'bench',
          settlements: settlements as never,
          held: 1,
          clockJumped: false,
          maxClaims,
          leadMs: 0,
          recover: false,
          turn: (turns += 1),
          durability: 'relaxed',
        },
        { now: Date.now(), chance: Math.random },
      );
    const answer = { status: 200, statusText: 'OK', headers: [], bodyOmitted: false };
    const operations = {
      enqueue: () => store.enqueue([draft()], { orders: policy }, Date.now()),
      list: () =>
        storage.listJobs(database, { queue: 'orders', state: 'waiting', after: undefined, limit: 50 }),
      claim: async () => (await turn([], 1))?.claims[0],
      settle: (claim: { job: { seq: number }; leaseId: string; n: number; sendAt: number }) =>
        turn(
          [
            {
              seq: claim.job.seq,
              leaseId: claim.leaseId,
              n: claim.n,
              sentAt: claim.sendAt,
              endedAt: Date.now(),
              end: { kind: 'answer', answer, keyOutstanding: false },
            },
          ],
          0,
        ),
    };
    Object.assign(globalThis, { [name]: operations });
  }, depth);
}

/** A claim is settled, and a job that was settled is replaced: the depth stays. */
function measure(page: Page, asked: { name: string; operation: Operation; count: number }): Promise<number> {
  return page.evaluate(async ({ name, operation, count }) => {
    interface Operations {
      enqueue(): Promise<unknown>;
      list(): Promise<unknown>;
      claim(): Promise<unknown>;
      settle(claim: unknown): Promise<unknown>;
    }
    const operations = (globalThis as unknown as Record<string, Operations>)[name] as Operations;
    const times: Record<string, number[]> = { enqueue: [], list: [], claim: [], settle: [] };
    const timed = async (which: string, work: () => Promise<unknown>): Promise<unknown> => {
      const startedAt = performance.now();
      const result = await work();
      times[which]?.push(performance.now() - startedAt);
      return result;
    };
    for (let i = 0; i < count; i++) {
      await timed('enqueue', operations.enqueue);
      const claim = await timed('claim', operations.claim);
      await timed('settle', () => operations.settle(claim));
      if (operation === 'list') await timed('list', operations.list);
    }
    return times[operation]?.toSorted((a, b) => a - b)[count >> 1] as number;
  }, asked);
}
