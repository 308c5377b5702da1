import { DEFAULT_POLICY } from '../../../sluice/dist/core/policy.js';
import { openIdentity } from '../../../sluice/dist/store/identity.js';
import { openIndexedDb } from '../../../sluice/dist/store/indexed-db.js';
import { listJobs } from '../../../sluice/dist/store/query.js';
import { createStore } from '../../../sluice/dist/store/store.js';
import type { Depth, Operation, QueueUnderTest, StoreUnderTest } from '../../src/store-under-test.js';
import { Raw } from './raw-queue.js';

/** The transactions of the queue by themselves, with no engine and no page around them. */
const QUEUE = 'orders';
const POLICIES = {
  [QUEUE]: { ...DEFAULT_POLICY, maxJobs: 2_000_000, maxBytes: Number.MAX_SAFE_INTEGER, adaptive: false },
};
const AT_ONCE = 1000;
const DAY_MS = 86_400_000;

type Store = ReturnType<typeof createStore>;
type Claim = NonNullable<Awaited<ReturnType<Store['turn']>>>['claims'][number];

/** A queue of a depth, in a database of its own. */
class Filled implements QueueUnderTest<Claim> {
  readonly #database;
  readonly #store: Store;
  #owner = 0;
  #turns = 0;

  constructor(name: string) {
    this.#database = openIndexedDb(name);
    this.#store = createStore(this.#database);
  }

  async fill({ waiting, scheduled }: Depth): Promise<void> {
    this.#owner = (await openIdentity(this.#database)).owner;
    await this.#add(scheduled, { notBefore: Date.now() + DAY_MS });
    await this.#add(waiting, {});
  }

  async enqueue(): Promise<void> {
    await this.#add(1, {});
  }

  async list(): Promise<void> {
    await listJobs(this.#database, { queue: QUEUE, state: 'waiting', after: undefined, limit: 50 });
  }

  async claim(): Promise<Claim> {
    const report = await this.#turn([], 1);
    return report?.claims[0] as Claim;
  }

  async settle({ job, leaseId, n, sendAt, credentials }: Claim): Promise<void> {
    const answer = { status: 200, statusText: 'OK', headers: [], bodyOmitted: false };
    const end = { kind: 'answer', answer, keyOutstanding: false } as const;
    await this.#turn(
      [
        {
          seq: job.seq,
          ticket: job.ticket,
          leaseId,
          n,
          sentAt: sendAt,
          endedAt: Date.now(),
          credentials,
          end,
        },
      ],
      0,
    );
  }

  async #add(count: number, options: { notBefore?: number }): Promise<void> {
    for (let left = count; left > 0; left -= AT_ONCE) {
      const drafts = Array.from({ length: Math.min(left, AT_ONCE) }, () => this.#draft(options));
      await this.#store.enqueue(drafts, POLICIES, Date.now());
    }
  }

  #draft(options: { notBefore?: number }) {
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
    const idempotencyKey = crypto.randomUUID();
    const body = new ArrayBuffer(1024);
    return { queue: QUEUE, owner: this.#owner, nonce: 'n', idempotencyKey, request, body, options };
  }

  #turn(settlements: Parameters<Store['turn']>[0]['settlements'], maxClaims: number) {
    this.#turns += 1;
    const request = {
      queue: QUEUE,
      engine: 'bench',
      settlements,
      held: 1,
      clockJumped: false,
      maxClaims,
      leadMs: 0,
      recover: false,
      isAlone: false,
      turn: this.#turns,
      durability: 'relaxed',
    } as const;
    return this.#store.turn(request, { now: Date.now(), chance: Math.random });
  }
}

const filled = new Map<string, QueueUnderTest<unknown>>();

/** A claim is settled, and a job that was settled is replaced: the depth stays. */
async function measure(name: string, count: number): Promise<Record<Operation, number>> {
  const queue = filled.get(name) as QueueUnderTest<unknown>;
  const times: Record<Operation, number[]> = { enqueue: [], claim: [], settle: [], list: [] };
  const timed = async <T>(operation: Operation, work: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    const result = await work();
    times[operation].push(performance.now() - startedAt);
    return result;
  };
  for (let i = 0; i < count; i++) {
    await timed('enqueue', () => queue.enqueue());
    const claim = await timed('claim', () => queue.claim());
    await timed('settle', () => queue.settle(claim));
    await timed('list', () => queue.list());
  }
  const middle = (of: number[]): number => of.toSorted((a, b) => a - b)[count >> 1] as number;
  const { enqueue, claim, settle, list } = times;
  return { enqueue: middle(enqueue), claim: middle(claim), settle: middle(settle), list: middle(list) };
}

const storage: StoreUnderTest = {
  fill: async (depth) => {
    const queue = depth.isRaw ? new Raw(depth.name) : new Filled(depth.name);
    filled.set(depth.name, queue);
    await queue.fill(depth);
  },
  measure,
};
Object.assign(globalThis, { storage });
